import { MAX_LISTED, MAX_LISTED_CHARACTERS, truncate } from '../values/message-text.ts'

type Fields = Readonly<Record<string, unknown>>

/** Defines how errors of one class are reported, and whether a retry can help. */
export interface ErrorRow {
  /** The `type` of the problem. API.md lists all types. */
  readonly type: string
  /** The HTTP status of the response. */
  readonly status: number
  readonly title: string
  /** True if the same input may succeed later. Workflows retry only after errors for which this is true. */
  readonly retryable: boolean
  /**
   * What the caller must change to avoid the error. `request` means the request, or the time at which it is sent.
   * `archive` means the archive that the caller has sent, or to which the request refers. Absent if the caller did not
   * cause the error. An operator must then examine the deployment or its data.
   */
  readonly callerFault?: 'request' | 'archive'
  /**
   * True if the message of the error states what `title` states, so a text without the title is complete. All rows of a
   * type have the same value.
   */
  readonly messageRepeatsTitle?: boolean
  /** Computes extra members of the problem from the fields of the error. */
  readonly members?: (error: Fields) => Fields
}

/** The largest number of characters in a member of a problem. */
const MAX_STRING_CHARACTERS = 1_000

/**
 * Shortens strings and lists, because the item of a job contains its problem, and DynamoDB limits an item to 400 KB.
 */
export const shortened = (value: unknown, characters = MAX_STRING_CHARACTERS): unknown => {
  if (typeof value === 'string') return truncate(value, characters)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return value.slice(0, MAX_LISTED).map((element: unknown) => shortened(element, MAX_LISTED_CHARACTERS))
  return Object.fromEntries(Object.entries(value).map(([name, member]: [string, unknown]) => [name, shortened(member)]))
}

/** Copies these fields of an error to the problem. Fields that are not set are omitted. */
export const fields =
  (...names: string[]) =>
  (error: Fields): Fields =>
    Object.fromEntries(names.flatMap((name) => (error[name] === undefined ? [] : [[name, shortened(error[name])]])))

/** Copies `count` and `ids` of an error to one member of the problem. */
export const countAndIds =
  (member: string) =>
  ({ count, ids }: Fields): Fields => ({ [member]: { count, ids: shortened(ids ?? []) } })

export const unrestorableResources = ({ count, resources, list }: Fields): Fields => ({
  unrestorable_resources: { count, resources, list },
})

export const invalidRequest: ErrorRow = {
  type: 'invalid-request',
  status: 400,
  title: 'The request is not valid',
  retryable: false,
  callerFault: 'request',
  members: fields('errors'),
}
export const unsupportedMediaType: ErrorRow = {
  type: 'unsupported-media-type',
  status: 415,
  title: 'The content type does not match the body',
  retryable: false,
  callerFault: 'request',
}
export const notFound: ErrorRow = {
  type: 'not-found',
  status: 404,
  title: 'There is no such route or file',
  retryable: false,
  callerFault: 'request',
}
export const archiveInvalid: ErrorRow = {
  type: 'archive-invalid',
  status: 400,
  title: 'The archive is not valid',
  retryable: false,
  callerFault: 'archive',
  messageRepeatsTitle: true,
  members: fields('entry', 'line', 'expected', 'actual'),
}
export const sourceChanged: ErrorRow = {
  type: 'source-changed',
  status: 409,
  title: 'The archive was deleted or replaced',
  retryable: false,
  callerFault: 'archive',
}
export const conflict = { type: 'conflict', status: 409 } as const

/** An error that the caller did not cause. Its message is logged, but not returned. */
export const INTERNAL_ERROR: ErrorRow = {
  type: 'internal-error',
  status: 500,
  title: 'An internal error occurred',
  retryable: true,
}
