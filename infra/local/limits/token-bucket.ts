/** A rate of units, and how much of it can be saved. */
export interface Rate {
  readonly unitsPerSecond: number
  /** The seconds whose unused units are kept for later. With 1, the units of a second without requests are lost. */
  readonly creditSeconds: number
}

/** What a bucket offered and used since the measurement began. */
export interface Usage {
  readonly used: number
  readonly refused: number
  /** The time from the first refused request to the last. In this time, the clients request more than is offered. */
  readonly throttled: { readonly seconds: number; readonly offered: number; readonly used: number }
}

/** A time, and the units that were used until then. */
interface Mark {
  readonly at: number
  readonly used: number
}

/**
 * Offers units at a constant rate. A request is admitted if the bucket contains any units, because the services learn
 * the price of most requests only while they process them. `take` then takes all units of the request, so the number
 * of units can become negative, and further requests are refused until the rate has paid the debt.
 *
 * A bucket begins with the units of one second. All times are in seconds, from any clock.
 */
export class TokenBucket {
  readonly rate: Rate
  #units: number
  #at: number
  #used = 0
  #refused = 0
  #first: Mark | undefined
  #last: Mark | undefined

  constructor(rate: Rate, now: number) {
    this.rate = rate
    this.#units = rate.unitsPerSecond
    this.#at = now
  }

  /** Returns true if a request is admitted. */
  admits(now: number): boolean {
    this.#refill(now)
    return this.#units > 0
  }

  /** Takes units. A negative number returns units that a request did not use. */
  take(units: number): void {
    this.#units -= units
    this.#used += units
  }

  /** Counts a refused request. A debt counts as used only when the rate has paid it. */
  refuse(now: number): void {
    this.#refill(now)
    this.#refused += 1
    this.#last = { at: now, used: this.#used + Math.min(0, this.#units) }
    this.#first ??= this.#last
  }

  usage(): Usage {
    const seconds = (this.#last?.at ?? 0) - (this.#first?.at ?? 0)
    return {
      used: this.#used,
      refused: this.#refused,
      throttled: {
        seconds,
        offered: seconds * this.rate.unitsPerSecond,
        used: (this.#last?.used ?? 0) - (this.#first?.used ?? 0),
      },
    }
  }

  /** Begins a new measurement. The units in the bucket stay. */
  restartUsage(): void {
    this.#used = 0
    this.#refused = 0
    this.#first = undefined
    this.#last = undefined
  }

  #refill(now: number): void {
    const { unitsPerSecond, creditSeconds } = this.rate
    this.#units = Math.min(unitsPerSecond * creditSeconds, this.#units + (now - this.#at) * unitsPerSecond)
    this.#at = now
  }
}
