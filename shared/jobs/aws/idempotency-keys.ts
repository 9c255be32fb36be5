import { type Item, keyAttributes } from '../../tables/item.ts'
import { IdempotencyMismatchError } from '../errors.ts'
import type { IdempotencyRecord } from '../identity.ts'
import type { JobTable } from './job-table.ts'

/** Stores which job has an idempotency key. */
export class IdempotencyKeys {
  readonly #items: JobTable

  constructor(items: JobTable) {
    this.#items = items
  }

  /**
   * Returns the id of the job that has an idempotency key, or `undefined` if no job has it. Throws
   * `IdempotencyMismatchError` if this job belongs to a different request.
   */
  async ownerOf({ key, fingerprint }: IdempotencyRecord): Promise<string | undefined> {
    const owner = await this.#items.get(onceKey(key))
    if (owner === undefined || this.#isExpired(owner)) return undefined
    return checkedOwner(owner, fingerprint)
  }

  /**
   * Claims an idempotency key for a job, and returns `jobId`. If an earlier job has the key, and the request does not
   * replace this job, returns the id of the earlier job. Throws `IdempotencyMismatchError` if the earlier job belongs
   * to a different request.
   */
  async claim(jobId: string, { key, fingerprint, expires, replaces }: IdempotencyRecord): Promise<string> {
    const once = onceKey(key)
    const claim = { ...once, job_id: { S: jobId }, fingerprint: { S: fingerprint }, expires: { N: expires.toString() } }
    const claimFree = (): Promise<boolean> =>
      replaces === undefined
        ? this.#items.putAbsent(claim)
        : this.#items.putWhere(
            claim,
            'attribute_not_exists(#pk) OR (#job_id = :replaces AND #fingerprint = :fingerprint)',
            { '#pk': 'pk', '#job_id': 'job_id', '#fingerprint': 'fingerprint' },
            { ':replaces': { S: replaces }, ':fingerprint': { S: fingerprint } },
          )
    for (;;) {
      if (await claimFree()) return jobId
      const owner = await this.#items.get(once)
      if (owner === undefined) continue
      // DynamoDB may delete expired items days later. If an expired key still exists, it is replaced.
      if (this.#isExpired(owner)) {
        const now = { N: this.#seconds().toString() }
        if (await this.#items.putWhere(claim, '#expires <= :now', { '#expires': 'expires' }, { ':now': now }))
          return jobId
        continue
      }
      return checkedOwner(owner, fingerprint)
    }
  }

  #isExpired(owner: Item): boolean {
    return Number(owner['expires']?.N ?? 0) <= this.#seconds()
  }

  #seconds(): number {
    return Math.floor(this.#items.now().getTime() / 1000)
  }
}

const onceKey = (key: string): Item => keyAttributes({ pk: `once#${key}`, sk: 'once' })

/** Returns the job id in the item of an idempotency key. Throws if the job belongs to a different request. */
const checkedOwner = (owner: Item, fingerprint: string): string => {
  const jobId = owner['job_id']?.S ?? ''
  if (owner['fingerprint']?.S !== fingerprint) throw new IdempotencyMismatchError(jobId)
  return jobId
}
