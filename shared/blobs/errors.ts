import { errorMessage } from '../values/error-message.ts'
import { quote } from '../values/message-text.ts'
import type { MissingBlob } from './referrer.ts'

/** The number of ids in the message. The limit keeps the message short. */
const MAX_NAMED = 5
/** The number of ids in the property `ids`. The limit keeps the error small. */
const MAX_KEPT = 100

/** A hint for the case that payloads contain maps that look like references to blobs, but are not references. */
export const MISSING_BLOBS_HINT =
  'If a field only looks like a reference to a blob, list the paths of the real references in "blobs" of the model in' +
  ' models.json (locally, in the file of MODELS_FILE). "blobs": [] means that the model has no references to blobs.'

/** Resources refer to blobs or spilled payloads that do not exist or cannot be read. */
export class BlobsMissingError extends Error {
  override readonly name = 'BlobsMissingError'
  readonly count: number
  /** The file ids of the first 100 blobs. The id of a spilled payload is `payloads/{sha256}`. */
  readonly ids: readonly string[]
  /** The first 100 blobs, each with the first resources that refer to it. Absent if no such resource is known. */
  readonly referred_by?: readonly MissingBlob[]

  /** `advice` is a sentence about what the caller can do. */
  constructor(ids: readonly string[], referredBy: readonly MissingBlob[] = [], advice = '') {
    const noun = ids.length === 1 ? 'blob' : 'blobs'
    const named = ids.slice(0, MAX_NAMED).map((id) => withReferrer(id, referredBy))
    const list = `${named.join(', ')}${ids.length > MAX_NAMED ? ', …' : ''}`
    const isExplained = (id: string): boolean =>
      id.startsWith('payloads/') || referredBy.some((blob) => blob.id === id && blob.reason !== undefined)
    const hint = ids.every(isExplained) ? '' : `. ${MISSING_BLOBS_HINT}`
    super(`${ids.length} ${noun} cannot be read: ${list}${advice === '' ? '' : `. ${advice}`}${hint}`)
    this.count = ids.length
    this.ids = ids.slice(0, MAX_KEPT)
    if (referredBy.length > 0) this.referred_by = referredBy.slice(0, MAX_KEPT)
  }
}

/** Returns the id of a blob and the first resource that refers to the blob, for the message. */
const withReferrer = (id: string, referredBy: readonly MissingBlob[]): string => {
  const blob = referredBy.find((each) => each.id === id)
  const resource = blob?.resources[0]
  const named = resource === undefined ? id : `${id} (model ${resource.model}, resource ${quote(resource.resource_id)})`
  return blob?.reason === undefined ? named : `${named}: ${blob.reason}`
}

/**
 * The bytes of a blob or payload do not have the expected size or SHA-256. If a write throws this error, nothing is
 * stored.
 */
export class BlobMismatchError extends Error {
  override readonly name = 'BlobMismatchError'
  /** The key in the blob bucket. */
  readonly id: string

  /** `expected` and `actual` are parts of the message, for example `30 bytes` or `sha256 44136f…`. */
  constructor(id: string, expected: string, actual: string) {
    super(`${id}: expected ${expected}, found ${actual}`)
    this.id = id
  }
}

/** S3 rejected a blob because its user metadata or its headers are too large. Nothing was written. */
export class BlobHeadersRejectedError extends Error {
  override readonly name = 'BlobHeadersRejectedError'
  /** The file id. */
  readonly id: string

  constructor(id: string, cause: unknown) {
    super(`S3 rejected the headers and user metadata of blob ${quote(id)} as too large: ${errorMessage(cause)}`, {
      cause,
    })
    this.id = id
  }
}

/** A blob is too large for an export or a restore, because reading it would take longer than a job may run. */
export class BlobTooLargeError extends Error {
  override readonly name = 'BlobTooLargeError'
  readonly id: string
  readonly size: number
  readonly limit_bytes: number

  constructor(id: string, size: number, limit: number) {
    super(
      `blob ${quote(id)} has ${size} bytes; at most ${limit} are allowed. Divide the blob, or keep its data elsewhere ` +
        'and remove the references to it',
    )
    this.id = id
    this.size = size
    this.limit_bytes = limit
  }
}
