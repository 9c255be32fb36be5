import { createHash, randomUUID } from 'node:crypto'
import { KEPT_SECONDS } from './job.ts'

/** The caller who requests a job, and the `Idempotency-Key` of the request, if it has one. */
export interface Caller {
  readonly requestedBy: string
  readonly idempotencyKey?: string | undefined
}

/**
 * Identifies a request that may be repeated. All requests with the same key and fingerprint together create one job.
 */
export interface IdempotencyRecord {
  readonly key: string
  /** A hash of the request. The same key with another fingerprint is rejected. */
  readonly fingerprint: string
  /** The time from which the key may be used for another request, in seconds since 1970. */
  readonly expires: number
  /** The id of an ended job. If the key belongs to this job, the key is given to the new job. */
  readonly replaces?: string
}

export interface JobIdentity {
  readonly job_id: string
  readonly once?: IdempotencyRecord
}

/**
 * Returns the id of a new job. If the request has an `Idempotency-Key`, the id is a hash of the caller and the key, so
 * that a repeated request has the same id. Otherwise, the id is random.
 */
export const jobIdentity = ({ requestedBy, idempotencyKey }: Caller, fingerprint: string, now: Date): JobIdentity => {
  if (idempotencyKey === undefined) return { job_id: randomUUID() }
  const hash = hashOf([requestedBy, idempotencyKey])
  return { job_id: `k-${hash.slice(0, 40)}`, once: { key: hash, fingerprint, expires: expiryAfter(now) } }
}

/**
 * Returns the id of the job that an upload starts. The id depends only on the uploaded object. S3 may deliver the event
 * of an upload more than once, and all these events must start only one job.
 */
export const uploadJobId = (bucket: string, key: string, state: readonly string[]): string =>
  `u-${hashOf([bucket, key, ...state]).slice(0, 40)}`

/** Returns the SHA-256 of a request, in hex. The order of the request's members does not matter. */
export const fingerprintOf = (request: object): string =>
  createHash('sha256').update(JSON.stringify(request, sortMembers)).digest('hex')

/**
 * Returns the SHA-256 of a list of strings, in hex. The list is hashed as JSON, so that different lists have different
 * hashes.
 */
export const hashOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

const expiryAfter = (now: Date): number => Math.floor(now.getTime() / 1000) + KEPT_SECONDS

const sortMembers = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
