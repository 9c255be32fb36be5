/** How fast a capacity grows, as an on-demand table does. */
interface Growth {
  readonly everySeconds: number
  /** The largest units per second. */
  readonly limit: number
}

interface CapacityOptions {
  readonly perSecond: number
  /** The seconds whose unused units are kept for later. By default, 0. */
  readonly burstSeconds?: number
  readonly growth?: Growth
}

/** The share of the units of a saturated capacity that throttled callers use. The others are lost while they wait. */
const USED_WHEN_SATURATED = 0.85

/** Units per second of one kind, such as the write units of one partition. */
export class Capacity {
  readonly name: string
  readonly #burstSeconds: number
  readonly #growth: Growth | undefined
  #perSecond: number
  #credit: number
  #grownAt = 0
  #unitsSinceGrowth = 0
  /** All units that were used. */
  units = 0
  /** The largest demand, in units per second. */
  peakDemand = 0
  /** The seconds in which the demand was greater than the capacity. */
  saturatedSeconds = 0

  constructor(name: string, { perSecond, burstSeconds = 0, growth }: CapacityOptions) {
    this.name = name
    this.#perSecond = perSecond
    this.#burstSeconds = burstSeconds
    this.#growth = growth
    this.#credit = perSecond * burstSeconds
  }

  get perSecond(): number {
    return this.#perSecond
  }

  /**
   * Returns the factor by which callers are slower than without this capacity, for at least the next `seconds`. If the
   * units that were kept do not last so long, they are used up evenly in this time.
   */
  factor(demand: number, seconds: number): number {
    if (demand <= this.#perSecond) return 1
    if (this.#credit <= 0) return (USED_WHEN_SATURATED * this.#perSecond) / demand
    const available = this.#perSecond * seconds + this.#credit
    return available >= demand * seconds ? 1 : available / (demand * seconds)
  }

  /** Returns the seconds after which `factor` changes although the demand stays the same. */
  changesIn(now: number, demand: number): number {
    const untilGrowth = this.#growth === undefined ? Infinity : this.#grownAt + this.#growth.everySeconds - now
    const untilEmpty =
      demand > this.#perSecond && this.#credit > 0 ? this.#credit / (demand - this.#perSecond) : Infinity
    return Math.max(1e-3, Math.min(demand > this.#perSecond ? untilGrowth : Infinity, untilEmpty))
  }

  /** Records that `units` were used in the last `seconds`, with this demand in units per second. */
  pass(now: number, seconds: number, demand: number, units: number): void {
    this.units += units
    this.peakDemand = Math.max(this.peakDemand, demand)
    if (demand > this.#perSecond && this.#credit <= 0) this.saturatedSeconds += seconds
    else this.#credit = Math.min(this.#burstSeconds * this.#perSecond, this.#credit + this.#perSecond * seconds - units)
    this.#grow(now, units)
  }

  /** After each interval, the table accepts twice its average use in this interval, if this is more than before. */
  #grow(now: number, units: number): void {
    if (this.#growth === undefined) return
    this.#unitsSinceGrowth += units
    const seconds = now - this.#grownAt
    if (seconds < this.#growth.everySeconds) return
    const twice = (2 * this.#unitsSinceGrowth) / seconds
    this.#perSecond = Math.min(this.#growth.limit, Math.max(this.#perSecond, twice))
    this.#grownAt = now
    this.#unitsSinceGrowth = 0
  }
}
