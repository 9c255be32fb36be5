import { MAX_LISTED, MAX_LISTED_CHARACTERS, truncate } from '../values/message-text.ts'

type Fields = Readonly<Record<string, unknown>>

/** How one class of errors is reported, and whether a retry can help. */
export interface ErrorRow {
  /** The problem's `type`, as API.md lists it. */
  readonly type: string
  /** HTTP status of the answer. */
  readonly status: number
  readonly title: string
  /** Whether the same input may succeed later: a workflow retries these errors and no others. */
  readonly retryable: boolean
  /** Extra members of the problem, computed from the error's own fields. */
  readonly members?: (error: Fields) => Fields
}

const MAX_TEXT_CHARACTERS = 1_000

/** Shortens texts and lists: a problem is stored in the job's item, which holds 400 KB in all. */
const shortened = (value: unknown, characters = MAX_TEXT_CHARACTERS): unknown => {
  if (typeof value === 'string') return truncate(value, characters)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return value.slice(0, MAX_LISTED).map((element: unknown) => shortened(element, MAX_LISTED_CHARACTERS))
  return Object.fromEntries(Object.entries(value).map(([name, member]: [string, unknown]) => [name, shortened(member)]))
}

/** The named fields of the error that are set. */
const fields =
  (...names: string[]) =>
  (error: Fields): Fields =>
    Object.fromEntries(names.flatMap((name) => (error[name] === undefined ? [] : [[name, shortened(error[name])]])))

/** The error's `count` and `ids`, as one member. */
const countAndIds =
  (member: string) =>
  ({ count, ids }: Fields): Fields => ({ [member]: { count, ids: shortened(ids ?? []) } })

const invalidRequest: ErrorRow = {
  type: 'invalid-request',
  status: 400,
  title: 'The request is not valid',
  retryable: false,
  members: fields('errors'),
}
const archiveInvalid: ErrorRow = {
  type: 'archive-invalid',
  status: 400,
  title: 'The archive is not valid',
  retryable: false,
  members: fields('entry', 'line', 'expected', 'actual'),
}
const sourceChanged: ErrorRow = {
  type: 'source-changed',
  status: 409,
  title: 'The archive is gone or has changed',
  retryable: false,
}
const conflict = { type: 'conflict', status: 409 } as const

/** An error that the caller did not cause. Its message is logged, but not returned. */
export const INTERNAL_ERROR: ErrorRow = {
  type: 'internal-error',
  status: 500,
  title: 'An internal error occurred',
  retryable: true,
}

/**
 * Every error class of `shared/` and `functions/` by its name. Problems of requests and jobs, and the list of errors that workflows
 * do not retry, come from this table. A test proves that every class has a row.
 */
export const ERROR_TABLE: Readonly<Record<string, ErrorRow>> = {
  InvalidRequestError: invalidRequest,
  FilterError: invalidRequest,
  FiltersExclusiveError: {
    type: 'filters-exclusive',
    status: 422,
    title: 'These filters exclude each other',
    retryable: false,
    members: fields('errors'),
  },
  TooLargeError: {
    type: 'too-large',
    status: 413,
    title: 'The body is too large',
    retryable: false,
    members: fields('limit_bytes'),
  },
  NotFoundError: { type: 'not-found', status: 404, title: 'There is no such route', retryable: false },
  MethodNotAllowedError: {
    type: 'method-not-allowed',
    status: 405,
    title: 'The route does not accept this method',
    retryable: false,
    members: fields('allow'),
  },

  NotAnArchiveError: { type: 'not-an-archive', status: 400, title: 'This is not an archive', retryable: false },
  UnsupportedVersionError: {
    type: 'unsupported-version',
    status: 400,
    title: 'The version of the archive is not supported',
    retryable: false,
    members: fields('version'),
  },
  ArchiveTruncatedError: { type: 'archive-truncated', status: 400, title: 'The archive is cut off', retryable: false },
  EntryCorruptError: { ...archiveInvalid, type: 'entry-corrupt', title: 'An entry of the archive is corrupt' },
  ArchiveInvalidError: archiveInvalid,
  RecordInvalidError: archiveInvalid,
  ResourceIdError: archiveInvalid,
  UnknownModelsError: {
    type: 'unknown-models',
    status: 400,
    title: 'The archive has models that are not registered',
    retryable: false,
    members: fields('models', 'registered'),
  },
  SectionMissingError: {
    type: 'section-missing',
    status: 400,
    title: 'The archive has no section for the model',
    retryable: false,
    members: fields('model', 'sections'),
  },
  SourceNotAllowedError: {
    type: 'source-not-allowed',
    status: 403,
    title: 'Restores from this bucket are not allowed',
    retryable: false,
    members: fields('bucket', 'allowed'),
  },
  ObjectChangedError: sourceChanged,
  ArchiveUnavailableError: sourceChanged,

  UnknownModelError: {
    type: 'unknown-model',
    status: 404,
    title: 'The model is not registered',
    retryable: false,
    members: fields('model', 'registered'),
  },
  UnknownJobError: { type: 'unknown-job', status: 404, title: 'There is no such job', retryable: false },
  JobStateError: {
    ...conflict,
    title: 'The state of the job does not allow this',
    retryable: false,
    members: fields('job_status'),
  },
  JobCancelledError: { ...conflict, title: 'The job has ended', retryable: false },
  IdempotencyMismatchError: {
    type: 'idempotency-mismatch',
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    retryable: false,
  },
  TooManyJobsError: {
    type: 'too-many-jobs',
    status: 429,
    title: 'Too many jobs are running, or too many upload slots are in use',
    retryable: true,
    members: fields('running', 'slots'),
  },

  DuplicatesError: {
    type: 'duplicates',
    status: 409,
    title: 'The archive holds resources or blobs that already exist',
    retryable: false,
    members: countAndIds('duplicates'),
  },
  RestoreRunningError: {
    type: 'restore-running',
    status: 409,
    title: 'Another restore of the model is running',
    retryable: false,
    members: fields('model', 'job_id', 'until'),
  },
  ConflictError: {
    ...conflict,
    title: 'Another writer created the same resource or blob during the restore',
    retryable: false,
    members: fields('id'),
  },
  LeaseLostError: {
    ...conflict,
    title: 'The restore lost its lease on the model',
    retryable: true,
    members: fields('model'),
  },
  ResourceChangedError: {
    ...conflict,
    title: 'A resource kept changing while it was read',
    retryable: true,
    members: fields('id'),
  },
  BlobsMissingError: {
    type: 'blobs-missing',
    status: 409,
    title: 'Blobs that resources refer to cannot be read',
    retryable: false,
    members: countAndIds('missing_blobs'),
  },
  // A damaged transfer causes it too, so a second read may succeed.
  BlobMismatchError: {
    type: 'blobs-missing',
    status: 409,
    title: 'A stored blob or payload does not match its SHA-256',
    retryable: true,
    members: fields('id'),
  },
  TornResourcesError: {
    type: 'torn-resources',
    status: 409,
    title: 'Resources lack their current revision',
    retryable: false,
    members: countAndIds('torn_resources'),
  },
  UnrestorableResourcesError: {
    type: 'unrestorable-resources',
    status: 409,
    title: 'Resources could not be restored',
    retryable: false,
    members: ({ count, resources }) => ({ unrestorable_resources: { count, resources } }),
  },
  SpecstarRefusesError: {
    type: 'specstar-refuses',
    status: 409,
    title: 'SpecStar does not accept what is to be exported',
    retryable: false,
    members: fields('model', 'id'),
  },
  VerificationFailedError: {
    type: 'verification-failed',
    status: 409,
    title: 'The restored store differs from the archive',
    retryable: false,
    members: fields('checks'),
  },

  ObjectExistsError: INTERNAL_ERROR,
  BodyCutError: INTERNAL_ERROR,
  ConfigError: INTERNAL_ERROR,
  ModelsInvalidError: INTERNAL_ERROR,
  UnknownScheduleError: INTERNAL_ERROR,
  StageMessageError: { ...INTERNAL_ERROR, retryable: false },
  // These never leave the parser: it reports them as `FilterError` or as one reason of `InvalidRequestError`.
  NoOrderError: INTERNAL_ERROR,
  QbError: INTERNAL_ERROR,
  RegexError: INTERNAL_ERROR,
}
