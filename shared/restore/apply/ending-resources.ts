import { ThrottledError } from '../../throttling/throttled-error.ts'
import type { AppliedResource } from './resource-applier.ts'

/**
 * The number of resources whose writes may be unfinished at the same time. Each has at least one write, so together
 * they fill the eight batches of 25 writes that are sent at the same time. With a third of them, a restore of small
 * items takes a tenth longer.
 */
const MAX_ENDING = 200
/** The largest total size of their metadata items, in bytes. The writer limits the memory of their revisions. */
const MAX_ENDING_BYTES = 4 * 1024 * 1024

/** The resources of one or more groups. */
interface Outcome {
  loaded: number
  /** The number of resources that were skipped because the target had them at preflight. */
  existing: number
  /** The ids of the resources that were skipped because another writer created them. */
  readonly skippedIds: string[]
}

/** A resource that could not be written. */
interface Failure {
  readonly group: number
  readonly error: unknown
}

/**
 * Waits for the writes of resources in the background. Counts the resources that were loaded and skipped, for each
 * group of resources. The groups of a pass are numbered from 0, in the order of the archive.
 */
export class EndingResources {
  readonly #ending = new Set<Promise<void>>()
  #endingBytes = 0
  /** Continues `add`, which waits until a resource has ended. */
  #resume: (() => void) | undefined
  readonly #outcomes = new Map<number, Outcome>()
  readonly #failures: Failure[] = []

  get hasFailed(): boolean {
    return this.#failures.length > 0
  }

  /** Ends a resource in the background. If too many resources are unfinished, waits until one of them has ended. */
  async add(resource: AppliedResource, group: number): Promise<void> {
    const end = async (): Promise<void> => {
      try {
        if (await resource.end()) this.#outcomeOf(group).loaded += 1
        else this.#outcomeOf(group).skippedIds.push(resource.id)
      } catch (error) {
        this.#failures.push({ group, error })
      }
    }
    const ending: Promise<void> = end().finally(() => {
      this.#ending.delete(ending)
      this.#endingBytes -= resource.bytes
      this.#resume?.()
    })
    this.#ending.add(ending)
    this.#endingBytes += resource.bytes
    // `Promise.race` would add a reaction to each of these promises in each call.
    while (this.#ending.size >= MAX_ENDING || this.#endingBytes > MAX_ENDING_BYTES)
      await new Promise<void>((resume) => {
        this.#resume = resume
      })
  }

  /** Counts a resource that is skipped because the target had it at preflight. */
  addExisting(group: number): void {
    this.#outcomeOf(group).existing += 1
  }

  /** Adds the error of a resource that had not ended. */
  addFailure(error: unknown, group: number): void {
    this.#failures.push({ group, error })
  }

  /** Waits until all writes have completed or failed. */
  async settle(): Promise<void> {
    await Promise.all(this.#ending)
  }

  /**
   * Returns the error with which the pass must end, and the first group that is not finished. If all errors are
   * those of throttled calls, the error is one of them. Returns undefined if no write failed.
   */
  get failure(): Failure | undefined {
    const [first] = this.#failures
    if (first === undefined) return undefined
    const { error } = this.#failures.find((failure) => !(failure.error instanceof ThrottledError)) ?? first
    return { error, group: Math.min(...this.#failures.map(({ group }) => group)) }
  }

  /** Returns the resources of the groups before `end`, or those of all groups. */
  outcome(end = Infinity): Readonly<Outcome> {
    const finished = [...this.#outcomes].filter(([group]) => group < end).map(([, outcome]) => outcome)
    return {
      loaded: finished.reduce((sum, { loaded }) => sum + loaded, 0),
      existing: finished.reduce((sum, { existing }) => sum + existing, 0),
      skippedIds: finished.flatMap(({ skippedIds }) => skippedIds),
    }
  }

  #outcomeOf(group: number): Outcome {
    const outcome = this.#outcomes.get(group) ?? { loaded: 0, existing: 0, skippedIds: [] }
    this.#outcomes.set(group, outcome)
    return outcome
  }
}
