import type { Capacity } from './capacity.ts'
import type { VirtualClock } from './clock.ts'

/** Units of a capacity that each step of a work takes. */
export interface Use {
  readonly capacity: Capacity
  readonly units: number
}

/** A number of equal steps, such as resources or bytes. */
export interface Work {
  readonly steps: number
  /** The steps per second of a worker that is never throttled. */
  readonly perSecond: number
  readonly uses: readonly Use[]
}

interface Flow extends Work {
  readonly start: number
  readonly deadline: number
  left: number
  factor: number
  readonly resolve: (done: number) => void
}

const EPSILON = 1e-6
/**
 * With so many works, changes within a second are handled together. Otherwise, the simulation would take minutes. A
 * work then begins and ends up to a second late.
 */
const MANY = 200

/**
 * Runs works at the same time. If they demand more of a capacity than it has, all of them become slower by the same
 * factor. A work that uses several capacities is as fast as the scarcest of them allows.
 */
export class Flows {
  readonly #clock: VirtualClock
  readonly #flows = new Set<Flow>()
  #updatedAt = 0
  #generation = 0
  #isDirty = false
  /** The demands since the last update, in units per second. */
  #demands: ReadonlyMap<Capacity, number> = new Map()

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** Does a work until its end, or until the time limit. Returns the number of steps that were done. */
  run(work: Work, limitSeconds: number): Promise<number> {
    if (work.steps <= 0) return Promise.resolve(0)
    return new Promise((resolve) => {
      this.#advance()
      const { now } = this.#clock
      this.#flows.add({ ...work, start: now, deadline: now + limitSeconds, left: work.steps, factor: 0, resolve })
      void this.#updateSoon()
    })
  }

  /** Works that begin at the same time are handled together. */
  async #updateSoon(): Promise<void> {
    if (this.#isDirty) return
    this.#isDirty = true
    await this.#clock.wait(this.#granularity)
    this.#isDirty = false
    await this.#update()
  }

  async #update(): Promise<void> {
    this.#generation += 1
    const generation = this.#generation
    this.#advance()
    this.#endFlows()
    const demands = this.#sumDemands()
    this.#demands = demands
    let next = Infinity
    for (const [capacity, demand] of demands) next = Math.min(next, capacity.changesIn(this.#clock.now, demand))
    for (const flow of this.#flows) {
      flow.factor = 1
      for (const { capacity } of flow.uses)
        flow.factor = Math.min(flow.factor, capacity.factor(demands.get(capacity) ?? 0, this.#granularity))
      const untilEnd = flow.left / (flow.perSecond * flow.factor)
      next = Math.min(next, untilEnd, flow.deadline - this.#clock.now)
    }
    if (next === Infinity) return
    await this.#clock.wait(Math.max(next, this.#granularity))
    // Not awaited: the promises of all updates would stay in memory until the last of them.
    if (generation === this.#generation) void this.#update()
  }

  get #granularity(): number {
    return this.#flows.size > MANY ? 1 : 0
  }

  #sumDemands(): Map<Capacity, number> {
    const demands = new Map<Capacity, number>()
    for (const { perSecond, uses } of this.#flows)
      for (const { capacity, units } of uses)
        if (units > 0) demands.set(capacity, (demands.get(capacity) ?? 0) + perSecond * units)
    return demands
  }

  /** Records the progress since the last change. */
  #advance(): void {
    const { now } = this.#clock
    const seconds = now - this.#updatedAt
    this.#updatedAt = now
    if (seconds <= 0) return
    const used = new Map<Capacity, number>()
    for (const flow of this.#flows) {
      const done = Math.min(flow.left, seconds * flow.perSecond * flow.factor)
      flow.left -= done
      for (const { capacity, units } of flow.uses) used.set(capacity, (used.get(capacity) ?? 0) + done * units)
    }
    for (const [capacity, units] of used) capacity.pass(now, seconds, this.#demands.get(capacity) ?? 0, units)
  }

  #endFlows(): void {
    for (const flow of this.#flows) {
      const isDone = flow.left <= EPSILON * flow.steps
      if (!isDone && this.#clock.now < flow.deadline - EPSILON) continue
      this.#flows.delete(flow)
      flow.resolve(isDone ? flow.steps : flow.steps - flow.left)
    }
  }
}
