import type { AppliedResource } from './resource-applier.ts'

/**
 * The number of resources whose writes may be unfinished at the same time. Each has at least one write, so together
 * they fill two batches of 25 writes, which is the limit of DynamoDB. More resources would take more memory.
 */
const MAX_ENDING = 64

/**
 * Waits for the writes of resources in the background. Counts the resources that were loaded, and lists the resources
 * that were skipped.
 */
export class EndingResources {
  readonly #ending = new Set<Promise<void>>()
  readonly #skippedIds: string[] = []
  #loaded = 0
  #failure: unknown

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  get loaded(): number {
    return this.#loaded
  }

  /** The ids of the resources that were skipped because another writer created them. */
  get skippedIds(): readonly string[] {
    return this.#skippedIds
  }

  /** Ends a resource in the background. If too many resources are unfinished, waits until one of them has ended. */
  async add(resource: AppliedResource): Promise<void> {
    const end = async (): Promise<void> => {
      try {
        if (await resource.end()) this.#loaded += 1
        else this.#skippedIds.push(resource.id)
      } catch (error) {
        this.#failure ??= error
      }
    }
    const ending: Promise<void> = end().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
    if (this.#ending.size >= MAX_ENDING) await Promise.race(this.#ending)
  }

  /** Waits until all writes have completed or failed. */
  async settle(): Promise<void> {
    await Promise.all(this.#ending)
  }

  /** Throws the first error of a write, if there is one. */
  throwFailure(): void {
    if (this.#failure === undefined) return
    throw this.#failure instanceof Error
      ? this.#failure
      : new Error('a write of a resource failed', { cause: this.#failure })
  }
}
