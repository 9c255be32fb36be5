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
  /** Computes extra members of the problem from the fields of the error. */
  readonly members?: (error: Fields) => Fields
}

const MAX_STRING_CHARACTERS = 1_000

/**
 * Shortens strings and lists, because the item of a job contains its problem, and DynamoDB limits an item to 400 KB.
 */
const shortened = (value: unknown, characters = MAX_STRING_CHARACTERS): unknown => {
  if (typeof value === 'string') return truncate(value, characters)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return value.slice(0, MAX_LISTED).map((element: unknown) => shortened(element, MAX_LISTED_CHARACTERS))
  return Object.fromEntries(Object.entries(value).map(([name, member]: [string, unknown]) => [name, shortened(member)]))
}

/** Copies these fields of an error to the problem. Fields that are not set are omitted. */
const fields =
  (...names: string[]) =>
  (error: Fields): Fields =>
    Object.fromEntries(names.flatMap((name) => (error[name] === undefined ? [] : [[name, shortened(error[name])]])))

/** Copies `count` and `ids` of an error to one member of the problem. */
const countAndIds =
  (member: string) =>
  ({ count, ids }: Fields): Fields => ({ [member]: { count, ids: shortened(ids ?? []) } })

const unrestorableResources = ({ count, resources, list }: Fields): Fields => ({
  unrestorable_resources: { count, resources, list },
})

const invalidRequest: ErrorRow = {
  type: 'invalid-request',
  status: 400,
  title: 'The request is not valid',
  retryable: false,
  callerFault: 'request',
  members: fields('errors'),
}
const unsupportedMediaType: ErrorRow = {
  type: 'unsupported-media-type',
  status: 415,
  title: 'The content type does not match the body',
  retryable: false,
  callerFault: 'request',
}
const archiveInvalid: ErrorRow = {
  type: 'archive-invalid',
  status: 400,
  title: 'The archive is not valid',
  retryable: false,
  callerFault: 'archive',
  members: fields('entry', 'line', 'expected', 'actual'),
}
const sourceChanged: ErrorRow = {
  type: 'source-changed',
  status: 409,
  title: 'The archive was deleted or replaced',
  retryable: false,
  callerFault: 'archive',
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
 * All error classes of `shared/` and `functions/`, by name. The problems of requests and of jobs, and the list of
 * errors that workflows do not retry, are created from this table. A test checks that every class has a row.
 */
export const ERROR_TABLE: Readonly<Record<string, ErrorRow>> = {
  InvalidRequestError: invalidRequest,
  FilterError: invalidRequest,
  FiltersExclusiveError: {
    type: 'filters-exclusive',
    status: 422,
    title: 'qb cannot be combined with the other filters',
    retryable: false,
    callerFault: 'request',
    members: fields('errors'),
  },
  TooLargeError: {
    type: 'too-large',
    status: 413,
    title: 'The body is too large',
    retryable: false,
    callerFault: 'request',
    members: fields('limit_bytes'),
  },
  JsonContentTypeError: unsupportedMediaType,
  ParametersContentTypeError: unsupportedMediaType,
  UriTooLongError: {
    type: 'uri-too-long',
    status: 414,
    title: 'The request line is too long',
    retryable: false,
    callerFault: 'request',
  },
  HeadersTooLargeError: {
    type: 'headers-too-large',
    status: 431,
    title: 'The headers are too long',
    retryable: false,
    callerFault: 'request',
  },
  NotFoundError: {
    type: 'not-found',
    status: 404,
    title: 'There is no such route',
    retryable: false,
    callerFault: 'request',
  },
  MethodNotAllowedError: {
    type: 'method-not-allowed',
    status: 405,
    title: 'The route does not accept this method',
    retryable: false,
    callerFault: 'request',
    members: fields('allow'),
  },

  NotAnArchiveError: {
    type: 'not-an-archive',
    status: 400,
    title: 'The input is not an archive',
    retryable: false,
    callerFault: 'archive',
  },
  UnsupportedVersionError: {
    type: 'unsupported-version',
    status: 400,
    title: 'The version of the archive is not supported',
    retryable: false,
    callerFault: 'archive',
    members: fields('version'),
  },
  ArchiveTruncatedError: {
    type: 'archive-truncated',
    status: 400,
    title: 'The archive is truncated',
    retryable: false,
    callerFault: 'archive',
  },
  EntryCorruptError: { ...archiveInvalid, type: 'entry-corrupt', title: 'An entry of the archive is corrupt' },
  ArchiveInvalidError: archiveInvalid,
  RecordInvalidError: archiveInvalid,
  ArchiveResourcesInvalidError: { ...archiveInvalid, members: unrestorableResources },
  CorruptResourcesError: {
    ...archiveInvalid,
    type: 'entry-corrupt',
    title: 'An entry of the archive is corrupt',
    members: (error) => ({ ...fields('entry', 'expected', 'actual')(error), ...unrestorableResources(error) }),
  },
  ResourceIdError: archiveInvalid,
  UnknownModelsError: {
    type: 'unknown-models',
    status: 400,
    title: 'The archive has models that are not registered',
    retryable: false,
    callerFault: 'request',
    members: fields('count', 'models', 'registered'),
  },
  SectionMissingError: {
    type: 'section-missing',
    status: 400,
    title: 'The archive has no section for the model',
    retryable: false,
    callerFault: 'request',
    members: fields('model', 'sections'),
  },
  SourceNotAllowedError: {
    type: 'source-not-allowed',
    status: 403,
    title: 'Restores from this bucket are not allowed',
    retryable: false,
    callerFault: 'request',
    members: fields('bucket', 'allowed'),
  },
  ObjectChangedError: sourceChanged,
  ArchiveUnavailableError: sourceChanged,

  UnknownModelError: {
    type: 'unknown-model',
    status: 404,
    title: 'The model is not registered',
    retryable: false,
    callerFault: 'request',
    members: fields('model', 'registered'),
  },
  UnknownJobError: {
    type: 'unknown-job',
    status: 404,
    title: 'There is no such job',
    retryable: false,
    callerFault: 'request',
  },
  UnknownScheduleError: {
    type: 'unknown-schedule',
    status: 404,
    title: 'There is no such schedule',
    retryable: false,
    members: fields('schedule', 'schedules'),
  },
  ConfirmationMismatchError: {
    type: 'confirmation-mismatch',
    status: 409,
    title: 'The archive contains another number of resources',
    retryable: false,
    members: fields('given', 'actual'),
  },
  JobStateError: {
    ...conflict,
    title: 'The state of the job does not allow this request',
    retryable: false,
    members: fields('job_status'),
  },
  JobCancelledError: { ...conflict, title: 'The job has ended', retryable: false },
  IdempotencyMismatchError: {
    type: 'idempotency-mismatch',
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    retryable: false,
    callerFault: 'request',
  },
  TooManyJobsError: {
    type: 'too-many-jobs',
    status: 429,
    title: 'Too many jobs are running, too many upload slots are in use, or too many uploads wait',
    retryable: true,
    callerFault: 'request',
    members: fields('running', 'slots', 'queued_uploads'),
  },

  DuplicatesError: {
    type: 'duplicates',
    status: 409,
    title: 'The archive contains resources or blobs that already exist',
    retryable: false,
    callerFault: 'request',
    members: countAndIds('duplicates'),
  },
  RestoreRunningError: {
    type: 'restore-running',
    status: 409,
    title: 'Another restore of the model is running',
    retryable: false,
    callerFault: 'request',
    members: fields('model', 'job_id', 'until'),
  },
  ShardsChangedError: {
    type: 'shards-changed',
    status: 409,
    title: 'The data of the model was written with another number of shards',
    retryable: false,
    members: fields('model', 'stored_shards', 'registered_shards'),
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
    members: ({ count, ids, referred_by }) => ({
      missing_blobs: { count, ids: shortened(ids ?? []), ...(referred_by === undefined ? {} : { referred_by }) },
    }),
  },
  // Damage during the transfer can also cause this error, so a second read may succeed.
  BlobMismatchError: {
    type: 'blobs-missing',
    status: 409,
    title: 'A stored blob or payload does not match its SHA-256',
    retryable: true,
    members: fields('id'),
  },
  BlobHeadersRejectedError: {
    type: 'blob-headers-rejected',
    status: 409,
    title: 'S3 rejected the headers of a blob',
    retryable: false,
    members: fields('id'),
  },
  TornResourcesError: {
    type: 'torn-resources',
    status: 409,
    title: 'The current revision of some resources does not exist',
    retryable: false,
    members: countAndIds('torn_resources'),
  },
  UnrestorableResourcesError: {
    type: 'unrestorable-resources',
    status: 409,
    title: 'Some resources cannot be exported, because no restore could write them',
    retryable: false,
    members: unrestorableResources,
  },
  SpecstarRefusesError: {
    type: 'specstar-refuses',
    status: 409,
    title: 'SpecStar would not accept the exported data',
    retryable: false,
    callerFault: 'request',
    members: fields('model', 'id'),
  },
  VerificationFailedError: {
    type: 'verification-failed',
    status: 409,
    title: 'The restored store differs from the archive',
    retryable: false,
    members: fields('checks'),
  },

  AccessDeniedError: { type: 'access-denied', status: 500, title: 'Access was denied', retryable: true },
  StorageFullError: { type: 'storage-full', status: 507, title: 'The disk is full', retryable: true },
  ObjectExistsError: INTERNAL_ERROR,
  BodyCutError: INTERNAL_ERROR,
  ConfigError: INTERNAL_ERROR,
  ModelsInvalidError: INTERNAL_ERROR,
  StepsFailedError: INTERNAL_ERROR,
  StageMessageError: { ...INTERNAL_ERROR, retryable: false },
  // The parsers of filters convert these errors to `FilterError`, so requests and jobs never fail with them.
  NoOrderError: INTERNAL_ERROR,
  QbError: INTERNAL_ERROR,
  RegexError: INTERNAL_ERROR,
}
