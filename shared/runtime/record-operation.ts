import { keepAwsOperation } from '../problems/aws-operation.ts'

/** The members of requests that contain the bucket or the table, and their names in messages. */
const TARGETS = {
  Bucket: 'bucket',
  TableName: 'table',
} as const

/**
 * Sends a request to AWS. If the request fails, stores its operation and its bucket or table, so that the problem
 * document can contain them. Called by a middleware of the client.
 */
export const recordOperation = async <Output>(
  commandName: string | undefined,
  input: object,
  send: () => Promise<Output>,
): Promise<Output> => {
  try {
    return await send()
  } catch (error) {
    const target = targetOf(input)
    const command = commandName?.replace(/Command$/, '') ?? 'unknown'
    keepAwsOperation(error, { command, ...(target === undefined ? {} : { target }) })
    throw error
  }
}

const targetOf = (input: object): string | undefined => {
  const members: Readonly<Record<string, unknown>> = { ...input }
  const { RequestItems, CopySource } = members
  // A batch request has one member for each table.
  if (typeof RequestItems === 'object' && RequestItems !== null) return `table ${Object.keys(RequestItems).join(', ')}`
  for (const [member, name] of Object.entries(TARGETS)) {
    const value = members[member]
    if (typeof value !== 'string') continue
    // The value may be an ARN, which contains the account id. The last part of an ARN is the name.
    const target = `${name} ${value.split(':').at(-1) ?? ''}`
    return typeof CopySource === 'string' ? `${target} (copied from bucket ${bucketOf(CopySource)})` : target
  }
  return undefined
}

/** Returns the bucket of a copy source, which has the form `bucket/key`. */
const bucketOf = (copySource: string): string => copySource.split('/')[0] ?? ''
