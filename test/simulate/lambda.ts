import type { StageName } from '../../shared/jobs/stage-names.ts'
import { EXPORT_STAGES, RESTORE_STAGES } from '../../functions/stages.ts'
import type { Json } from '../../functions/workflows/states.ts'
import { LATENCY } from './assumptions.ts'
import type { VirtualClock } from './clock.ts'
import { type Invoke, StateError } from './interpreter.ts'

/** Simulates the function of a stage. Returns the output of the stage. */
export type StageFunction = (input: Json) => Promise<Json>
export type StageFunctions = Readonly<Partial<Record<StageName, StageFunction>>>

const STAGES = [...EXPORT_STAGES, ...RESTORE_STAGES]

/** Runs functions, at most `limit` at the same time, as the concurrency quota of an account allows. */
export class Lambda {
  readonly #clock: VirtualClock
  readonly #limit: number
  readonly #functions: StageFunctions
  #running = 0
  throttled = 0
  peak = 0
  gibSeconds = 0
  /** The longest run of each stage, in seconds. */
  readonly longest = new Map<StageName, number>()
  /** The number of runs of each stage, and the time from its first start to its last end. */
  readonly runs = new Map<StageName, { count: number; readonly start: number; end: number }>()

  constructor(clock: VirtualClock, limit: number, functions: StageFunctions) {
    this.#clock = clock
    this.#limit = limit
    this.#functions = functions
  }

  readonly invoke: Invoke = async (resource, input) => {
    const stage = STAGES.find(({ name }) => name === resource)
    const run = stage === undefined ? undefined : this.#functions[stage.name]
    if (stage === undefined || run === undefined)
      throw new Error(`the simulation does not contain the stage ${resource}`)
    await this.#clock.wait(LATENCY.step)
    if (this.#running >= this.#limit) {
      this.throttled += 1
      throw new StateError('Lambda.TooManyRequestsException', 'the account runs no more functions')
    }
    this.#running += 1
    this.peak = Math.max(this.peak, this.#running)
    const start = this.#clock.now
    const kept = this.runs.get(stage.name) ?? { count: 0, start, end: start }
    this.runs.set(stage.name, kept)
    try {
      return await run(input)
    } catch (error) {
      if (error instanceof Error && !(error instanceof StateError)) throw new StateError(error.name, error.message)
      throw error
    } finally {
      this.#running -= 1
      const seconds = this.#clock.now - start
      kept.count += 1
      kept.end = this.#clock.now
      this.gibSeconds += (seconds * stage.size.memory) / 1024
      this.longest.set(stage.name, Math.max(seconds, this.longest.get(stage.name) ?? 0))
    }
  }
}
