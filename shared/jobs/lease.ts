import { withShorterBudget } from '../throttling/call-context.ts'
import { LeaseLostError } from './lease-errors.ts'

/**
 * How long a lease is valid after it was taken or renewed. A request takes far less than 3 minutes, so a worker can
 * renew its lease in time. If a job ends without releasing its lease, another restore waits for at most 19 minutes,
 * which is the sum of `LEASE_MS` and `TAKEOVER_MS`.
 */
export const LEASE_MS = 3 * 60_000
/**
 * A lease is renewed if it expires in less than 2 minutes. While a worker writes, it therefore renews its lease every
 * minute.
 */
const RENEW_MS = 2 * 60_000
/** A worker stops writing 30 seconds before its lease expires, because the last request may be slow. */
const MARGIN_MS = 30_000
/**
 * The time for which a throttled renewal is repeated while the lease still permits writes. The writes wait for it. The
 * next check tries again.
 */
const RENEWAL_MS = 2_000

/** A lease as stored in the job table. */
export interface LeaseRow {
  /** The id of the job that holds the lease. */
  readonly holder: string | undefined
  /** Increases by 1 whenever a job takes the lease. Workers with an older epoch have lost the lease. */
  readonly epoch: number
  /** In ms since 1970. */
  readonly expires: number
  /**
   * True after the job has ended. The lease can then no longer be renewed. Another job can take it `TAKEOVER_MS` after
   * its expiry.
   */
  readonly draining: boolean
}

/** Sends the requests of a lease to the job table. */
interface LeaseTable {
  readonly read: (model: string) => Promise<LeaseRow>
  readonly renew: (model: string, epoch: number, expires: number) => Promise<boolean>
  readonly free: (model: string) => Promise<void>
  readonly drain: (model: string) => Promise<void>
}

/** The leases of one job on some models. Each worker has its own object. */
export class Lease {
  readonly models: readonly string[]
  readonly jobId: string
  readonly #table: LeaseTable
  readonly #clock: () => Date
  readonly #known = new Map<string, { epoch: number; expires: number }>()
  #checking: Promise<void> | undefined

  constructor(models: readonly string[], jobId: string, table: LeaseTable, clock: () => Date) {
    this.models = models
    this.jobId = jobId
    this.#table = table
    this.#clock = clock
  }

  /**
   * Checks all leases. The caller must await this method before every write. If every lease is valid for at least 2
   * minutes, sends no request. Otherwise, renews the leases, even if they have expired. Throws `LeaseLostError` if
   * another job holds a lease, or if a lease is draining. If a lease cannot be renewed and expires within 30 seconds,
   * throws the error of the renewal.
   */
  async check(): Promise<void> {
    const now = this.#clock().getTime()
    if (this.models.every((model) => (this.#known.get(model)?.expires ?? 0) - now >= RENEW_MS)) return
    // Concurrent calls share one renewal.
    this.#checking ??= this.#renewAll().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
  }

  /** Returns the epoch of this worker's lease on a model, or `undefined` before the first `check`. */
  epoch(model: string): number | undefined {
    return this.#known.get(model)?.epoch
  }

  /**
   * Releases the leases at once. Call this method only if the job has written nothing, or if all of its write requests
   * have ended.
   */
  async free(): Promise<void> {
    this.#known.clear()
    for (const model of this.models) await this.#table.free(model)
  }

  /**
   * Prevents further renewals of the leases, so that they expire. Other jobs can take them 16 minutes after they
   * expire. After that time, no late write of this job can arrive.
   */
  async drain(): Promise<void> {
    this.#known.clear()
    for (const model of this.models) await this.#table.drain(model)
  }

  async #renewAll(): Promise<void> {
    for (const model of this.models) await this.#renew(model)
  }

  async #renew(model: string): Promise<void> {
    const known = this.#known.get(model) ?? (await this.#adopt(model))
    // The expiry is computed from the time before the request, because the response may be slow.
    const now = this.#clock().getTime()
    if (known.expires - now >= RENEW_MS) return
    const expires = now + LEASE_MS
    const renew = (): Promise<boolean> => this.#table.renew(model, known.epoch, expires)
    try {
      // If the lease no longer permits writes, the renewal may use the whole budget of the pass. The lease is not lost
      // as long as no other job takes it.
      if (await (known.expires - now > MARGIN_MS ? withShorterBudget(RENEWAL_MS, renew) : renew())) {
        this.#known.set(model, { epoch: known.epoch, expires })
        // If the request was throttled for minutes, the new expiry may have passed.
        if (expires - this.#clock().getTime() <= MARGIN_MS) await this.#renew(model)
        return
      }
    } catch (error) {
      // The request failed, but writes are still allowed. The next check tries again.
      if (known.expires - this.#clock().getTime() > MARGIN_MS) return
      throw error
    }
    const adopted = await this.#adopt(model, known.epoch)
    // The renewal took effect, but its response came so late that the new expiry has passed.
    if (adopted.expires - this.#clock().getTime() <= MARGIN_MS) await this.#renew(model)
  }

  /**
   * Reads a lease, and stores its epoch and expiry for the next checks. Throws `LeaseLostError` if the job does not
   * hold the lease, or if `epoch` is given and the lease has another epoch.
   */
  async #adopt(model: string, epoch?: number): Promise<{ epoch: number; expires: number }> {
    const row = await this.#table.read(model)
    if (row.holder !== this.jobId)
      throw this.#lost(model, row.holder === undefined ? 'the lease was released' : `job ${row.holder} holds the lease`)
    if (row.draining) throw this.#lost(model, 'the job has ended')
    if (epoch !== undefined && row.epoch !== epoch)
      throw this.#lost(model, 'a later attempt of the job holds the lease')
    const known = { epoch: row.epoch, expires: row.expires }
    this.#known.set(model, known)
    return known
  }

  #lost(model: string, reason: string): LeaseLostError {
    this.#known.delete(model)
    return new LeaseLostError(model, this.jobId, reason)
  }
}
