import { randomUUID } from 'node:crypto'
import { keyAttributes } from '../../tables/item.ts'
import type { LimitedKind } from '../errors.ts'
import type { JobTable } from './job-table.ts'

/** An upload has a reservation of a running job, because it counts as a running job until it must wait. */
const PARTITIONS = {
  'running jobs': 'jobs#starting',
  checks: 'jobs#checking',
  slots: 'jobs#opening',
  'queued uploads': 'jobs#starting',
} as const satisfies Record<LimitedKind, string>
/**
 * How long a reservation counts if it is not released, for example because its process was killed. A minute is long
 * enough, because creating a job takes less than a second.
 */
const VALID_MS = 60_000
/** The time after which DynamoDB deletes a reservation that was never released. Such a reservation no longer counts. */
const KEPT_SECONDS = 3_600

/** A reservation that counts as one job until it is released. */
export interface Reservation {
  release(): Promise<void>
}

/**
 * Stores a reservation for each job that is about to be created, so that concurrent requests can count these jobs too.
 */
export class Reservations {
  readonly #items: JobTable

  constructor(items: JobTable) {
    this.#items = items
  }

  /** Adds a reservation. After the promise resolves, every `count` includes the reservation until it is released. */
  async reserve(kind: LimitedKind): Promise<Reservation> {
    const key = keyAttributes({ pk: PARTITIONS[kind], sk: `${this.#items.now().toISOString()}#${randomUUID()}` })
    const expires = Math.floor(this.#items.now().getTime() / 1000) + KEPT_SECONDS
    await this.#items.put({ ...key, expires: { N: expires.toString() } })
    return { release: () => this.#items.delete(key) }
  }

  /** Returns the number of valid reservations, including the reservation of the caller. */
  async count(kind: LimitedKind): Promise<number> {
    const since = new Date(this.#items.now().getTime() - VALID_MS).toISOString()
    let reservations = 0
    for await (const page of this.#items.query(PARTITIONS[kind], since)) reservations += page.length
    return reservations
  }
}
