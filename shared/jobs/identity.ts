import { createHash, randomUUID } from 'node:crypto'
import { KEPT_SECONDS } from './aws/job-item.ts'

/** Who asks for a job, and the `Idempotency-Key` of the request where it has one. */
export interface Caller {
  readonly requestedBy: string
  readonly idempotencyKey?: string | undefined
}

/** The same key with the same fingerprint is the same job; `expires` in seconds since 1970. */
export interface Once {
  readonly key: string
  readonly fingerprint: string
  readonly expires: number
}

export interface JobIdentity {
  readonly job_id: string
  readonly once?: Once
}

/** The name of a new job. With an `Idempotency-Key`, a hash of caller and key: a repeat has the same name. */
export const jobIdentity = ({ requestedBy, idempotencyKey }: Caller, fingerprint: string, now: Date): JobIdentity => {
  if (idempotencyKey === undefined) return { job_id: randomUUID() }
  const hash = hashOf([requestedBy, idempotencyKey])
  return { job_id: `k-${hash.slice(0, 40)}`, once: { key: hash, fingerprint, expires: keptUntil(now) } }
}

/** The name of the job that an upload starts: events come at least once. */
export const uploadJobId = (bucket: string, key: string, state: readonly string[]): string =>
  `u-${hashOf([bucket, key, ...state]).slice(0, 40)}`

/** SHA-256 of a request, the order of its members not counted. */
export const fingerprintOf = (request: object): string =>
  createHash('sha256').update(JSON.stringify(request, membersSorted)).digest('hex')

export const keptUntil = (now: Date): number => Math.floor(now.getTime() / 1000) + KEPT_SECONDS

/** Of a list of texts; as JSON, so that no two lists run together. */
export const hashOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

const membersSorted = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
