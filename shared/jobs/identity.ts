import { createHash, randomUUID } from 'node:crypto'
import { KEPT_SECONDS } from './job.ts'

/** Who requests a job, and the `Idempotency-Key` of the request if it has one. */
export interface Caller {
  readonly requestedBy: string
  readonly idempotencyKey?: string | undefined
}

/** Makes repeated requests create one job: the same key and fingerprint identify the same job. */
export interface IdempotencyRecord {
  readonly key: string
  readonly fingerprint: string
  /** Seconds since 1970. */
  readonly expires: number
}

export interface JobIdentity {
  readonly job_id: string
  readonly once?: IdempotencyRecord
}

/** The id of a new job. With an `Idempotency-Key` it is a hash of caller and key, so that a repeated request has the same id. */
export const jobIdentity = ({ requestedBy, idempotencyKey }: Caller, fingerprint: string, now: Date): JobIdentity => {
  if (idempotencyKey === undefined) return { job_id: randomUUID() }
  const hash = hashOf([requestedBy, idempotencyKey])
  return { job_id: `k-${hash.slice(0, 40)}`, once: { key: hash, fingerprint, expires: expiryAfter(now) } }
}

/** The id of the job that an upload starts. Events arrive at least once, so it depends on the uploaded object alone. */
export const uploadJobId = (bucket: string, key: string, state: readonly string[]): string =>
  `u-${hashOf([bucket, key, ...state]).slice(0, 40)}`

/** SHA-256 of a request; the order of its members does not matter. */
export const fingerprintOf = (request: object): string =>
  createHash('sha256').update(JSON.stringify(request, sortMembers)).digest('hex')

/** SHA-256 of a list of texts. They are hashed as JSON, so that different lists never have the same input. */
export const hashOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

const expiryAfter = (now: Date): number => Math.floor(now.getTime() / 1000) + KEPT_SECONDS

const sortMembers = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
