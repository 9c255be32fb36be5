import type { AppliedResource } from './resource-applier.ts'

/**
 * Resources whose writes may be unfinished at the same time: enough to fill batches of 25, few enough to hold in
 * memory.
 */
const MAX_ENDING = 64

/** Resources whose revisions have all been passed to the writer, while their writes complete. Counts the outcomes. */
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

  /** Resources that were skipped because another writer created them. */
  get skippedIds(): readonly string[] {
    return this.#skippedIds
  }

  /** Ends a resource. Waits if too many resources are unfinished. */
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
    throw this.#failure instanceof Error ? this.#failure : new Error('a write failed', { cause: this.#failure })
  }
}
