/** The members of requests that contain the bucket or the table, and their names in messages. */
const TARGETS = {
  Bucket: 'bucket',
  TableName: 'table',
} as const

/**
 * Returns the table or the bucket of a request, such as `table specstar-resources`. Returns undefined if the request
 * contains neither.
 */
export const targetOf = (input: object): string | undefined => {
  const members: Readonly<Record<string, unknown>> = { ...input }
  const { RequestItems } = members
  // A batch request has one member for each table.
  if (typeof RequestItems === 'object' && RequestItems !== null) return `table ${Object.keys(RequestItems).join(', ')}`
  for (const [member, name] of Object.entries(TARGETS)) {
    const value = members[member]
    // The value may be an ARN, which contains the account id. The last part of an ARN is the name.
    if (typeof value === 'string') return `${name} ${value.split(':').at(-1) ?? ''}`
  }
  return undefined
}

/** Returns the name of an operation, such as `Query`, from the name of its command. */
export const operationOf = (commandName: string | undefined): string =>
  commandName?.replace(/Command$/, '') ?? 'unknown'
