import { randomUUID } from 'node:crypto'
import type { JobError } from '../jobs/job.ts'
import { truncate, MAX_LISTED_CHARACTERS, MAX_LISTED } from '../values/truncate.ts'

/** What an error's own fields say to the caller, by the names of the answer's members. */
type Members = (error: Fields) => Readonly<Record<string, unknown>>
type Fields = Readonly<Record<string, unknown>>

interface Kind {
  readonly type: string
  readonly status: number
  readonly title: string
  readonly members?: Members
}

const TEXT_CHARACTERS = 1_000
const DETAIL_CHARACTERS = 4_000

/** A problem is part of a job's item: what it may show there. */
const bounded = (value: unknown, characters = TEXT_CHARACTERS): unknown => {
  if (typeof value === 'string') return truncate(value, characters)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.slice(0, MAX_LISTED).map((one: unknown) => bounded(one, MAX_LISTED_CHARACTERS))
  return Object.fromEntries(Object.entries(value).map(([name, one]: [string, unknown]) => [name, bounded(one)]))
}

const pick =
  (...names: string[]): Members =>
  (error) =>
    Object.fromEntries(names.flatMap((name) => (error[name] === undefined ? [] : [[name, bounded(error[name])]])))

/** `{ count, ids }` of an error under one member's name, the first hundred ids. */
const counted =
  (member: string): Members =>
  ({ count, ids }) => ({ [member]: { count, ids: bounded(ids ?? []) } })

const whereInArchive = pick('entry', 'line', 'expected', 'actual')

const conflict = { type: 'conflict', status: 409 } as const
const archiveInvalid = {
  type: 'archive-invalid',
  status: 400,
  title: 'The archive is not valid',
  members: whereInArchive,
} as const

/** The one map from errors to answers, by the error's name: for requests, for jobs that fail, for `job.error`. */
const KINDS: Readonly<Record<string, Kind>> = {
  InvalidRequestError: {
    type: 'invalid-request',
    status: 400,
    title: 'The request is not valid',
    members: pick('errors'),
  },
  FilterError: { type: 'invalid-request', status: 400, title: 'The request is not valid', members: pick('errors') },
  NotAnArchiveError: { type: 'not-an-archive', status: 400, title: 'This is not an archive' },
  UnsupportedVersionError: {
    type: 'unsupported-version',
    status: 400,
    title: 'The version of the archive is not supported',
    members: pick('version'),
  },
  ArchiveTruncatedError: { type: 'archive-truncated', status: 400, title: 'The archive is cut off' },
  EntryCorruptError: {
    type: 'entry-corrupt',
    status: 400,
    title: 'An entry of the archive is corrupt',
    members: whereInArchive,
  },
  ArchiveInvalidError: archiveInvalid,
  RecordInvalidError: archiveInvalid,
  ResourceIdError: archiveInvalid,
  UnknownModelsError: {
    type: 'unknown-models',
    status: 400,
    title: 'The archive has models that are not registered',
    members: pick('models', 'registered'),
  },
  SectionMissingError: {
    type: 'section-missing',
    status: 400,
    title: 'The archive has no section for the model',
    members: pick('model', 'sections'),
  },
  SourceNotAllowedError: {
    type: 'source-not-allowed',
    status: 403,
    title: 'Restores from there are not allowed',
    members: pick('bucket', 'allowed'),
  },
  UnknownModelError: {
    type: 'unknown-model',
    status: 404,
    title: 'The model is not registered',
    members: pick('model', 'registered'),
  },
  UnknownJobError: { type: 'unknown-job', status: 404, title: 'There is no such job' },
  NotFoundError: { type: 'not-found', status: 404, title: 'There is no such route' },
  MethodNotAllowedError: {
    type: 'method-not-allowed',
    status: 405,
    title: 'The route does not take this method',
    members: pick('allow'),
  },
  DuplicatesError: {
    type: 'duplicates',
    status: 409,
    title: 'What the archive holds exists already',
    members: counted('duplicates'),
  },
  RestoreRunningError: {
    type: 'restore-running',
    status: 409,
    title: 'Another restore of the model is running',
    members: pick('model', 'job_id', 'until'),
  },
  ConflictError: { ...conflict, title: 'Another writer came in between', members: pick('id') },
  JobCancelledError: { ...conflict, title: 'The job has ended' },
  JobStateError: { ...conflict, title: 'The job is not in a state for this', members: pick('job_status') },
  LeaseLostError: { ...conflict, title: 'The restore lost its lease', members: pick('model') },
  ResourceChangedError: { ...conflict, title: 'A resource kept changing while it was read', members: pick('id') },
  ObjectChangedError: sourceChanged,
  ArchiveUnavailableError: sourceChanged,
  BlobsMissingError: {
    type: 'blobs-missing',
    status: 409,
    title: 'Blobs that resources refer to cannot be read',
    members: counted('missing_blobs'),
  },
  BlobMismatchError: {
    type: 'blobs-missing',
    status: 409,
    title: 'A stored blob or payload is not what its SHA-256 says',
    members: pick('id'),
  },
  TornResourcesError: {
    type: 'torn-resources',
    status: 409,
    title: 'Resources lack their current revision',
    members: counted('torn_resources'),
  },
  SpecstarRefusesError: {
    type: 'specstar-refuses',
    status: 409,
    title: 'SpecStar does not take what is to be exported',
    members: pick('model', 'id'),
  },
  VerificationFailedError: {
    type: 'verification-failed',
    status: 409,
    title: 'The restore is not what the archive holds',
    members: pick('checks'),
  },
  TooLargeError: { type: 'too-large', status: 413, title: 'The body is too large', members: pick('limit_bytes') },
  IdempotencyMismatchError: {
    type: 'idempotency-mismatch',
    status: 422,
    title: 'The Idempotency-Key was used for another request',
  },
  FiltersExclusiveError: {
    type: 'filters-exclusive',
    status: 422,
    title: 'These filters exclude each other',
    members: pick('errors'),
  },
  TooManyJobsError: {
    type: 'too-many-jobs',
    status: 429,
    title: 'Too many jobs are running, or upload slots in use',
    members: pick('running', 'slots'),
  },
}

/**
 * An error as an answer of problem+json and as `job.error` hold it. What is not known here is the server's own trouble
 * (500): it shows a request id and nothing of the inside.
 */
export const problemOf = (error: unknown, requestId: string = randomUUID()): JobError => {
  if (!(error instanceof Error)) return internalError(requestId)
  const kind = kindOf(error.name)
  if (kind === undefined) return internalError(requestId)
  const { type, status, title, members } = kind
  const own = members?.(Object.fromEntries(Object.entries(error))) ?? {}
  return { type, title, status, detail: truncate(error.message, DETAIL_CHARACTERS), ...own }
}

/** An error as Step Functions carries it: its name, and in `Cause` JSON with the message. Its fields are lost on the way. */
export const problemFromCause = (
  { Error: name, Cause }: { readonly Error: string; readonly Cause?: string },
  requestId: string = randomUUID(),
): JobError => {
  if (name === 'WorkflowStoppedError')
    return { ...internalError(requestId), detail: `the workflow was stopped from outside (request ${requestId})` }
  if (name === 'States.Timeout')
    return { ...internalError(requestId), detail: `the workflow took too long and was ended (request ${requestId})` }
  const kind = kindOf(name)
  if (kind === undefined) return internalError(requestId)
  const detail = truncate(messageIn(Cause) ?? kind.title, DETAIL_CHARACTERS)
  return { type: kind.type, title: kind.title, status: kind.status, detail }
}

const kindOf = (name: string): Kind | undefined => (Object.hasOwn(KINDS, name) ? KINDS[name] : undefined)

const internalError = (requestId: string): JobError => ({
  type: 'internal-error',
  title: 'Something failed on our side',
  status: 500,
  detail: `something failed on our side; the log names it by request ${requestId}`,
  request_id: requestId,
})

/** Lambda's cause is `{ errorType, errorMessage, trace }`; the local runner's is the message itself. */
const messageIn = (cause: string | undefined): string | undefined => {
  if (cause === undefined || cause === '') return undefined
  try {
    const parsed: unknown = JSON.parse(cause)
    if (typeof parsed !== 'object' || parsed === null) return cause
    if ('errorMessage' in parsed && typeof parsed.errorMessage === 'string') return parsed.errorMessage
    return undefined
  } catch {
    return cause
  }
}
