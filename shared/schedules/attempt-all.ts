/** A step that failed, such as the pruning of one schedule. */
export interface FailedStep {
  readonly name: string
  readonly error: unknown
}

export interface Attempts<Result> {
  readonly results: readonly Result[]
  readonly failures: readonly FailedStep[]
}

/**
 * Calls `attempt` for all items, one after the other. If a call throws, stores the error and continues with the next
 * item.
 */
export const attemptAll = async <Item, Result>(
  items: Iterable<Item>,
  nameOf: (item: Item) => string,
  attempt: (item: Item) => Promise<Result>,
): Promise<Attempts<Result>> => {
  const results: Result[] = []
  const failures: FailedStep[] = []
  for (const item of items) {
    try {
      results.push(await attempt(item))
    } catch (error) {
      failures.push({ name: nameOf(item), error })
    }
  }
  return { results, failures }
}
