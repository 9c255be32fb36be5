import type { VirtualClock } from './virtual-clock.ts'

/** The read units (RRU) that one partition of DynamoDB serves in a second. */
const UNITS_PER_SECOND = 3_000
/** A strongly consistent read of a page of 1 MB takes 256 units. */
const PAGE_UNITS = 256

/** The read capacity of one partition: a token bucket that holds the unused units of the last seconds. */
export class Partition {
  readonly #clock: VirtualClock
  readonly #maxUnits: number
  #units = 0
  #filledAt = 0
  served = 0
  throttled = 0

  /** `burstSeconds` is the time for which unused units are kept. DynamoDB keeps them for 300 seconds. */
  constructor(clock: VirtualClock, burstSeconds: number) {
    this.#clock = clock
    this.#maxUnits = UNITS_PER_SECOND * burstSeconds
  }

  /** Reads a page. Returns false if the read is throttled. */
  read(): boolean {
    const { now } = this.#clock
    this.#units = Math.min(this.#maxUnits, this.#units + ((now - this.#filledAt) / 1_000) * UNITS_PER_SECOND)
    this.#filledAt = now
    const isServed = this.#units >= PAGE_UNITS
    if (isServed) this.#units -= PAGE_UNITS
    this[isServed ? 'served' : 'throttled'] += 1
    return isServed
  }

  /** The share of the units that the partition has offered since the start of the clock. */
  get utilisation(): number {
    return (this.served * PAGE_UNITS) / ((this.#clock.now / 1_000) * UNITS_PER_SECOND)
  }
}
