interface WorkOptions {
  readonly concurrency: number
  readonly timeIsUp: () => boolean
  /** See `Attempt`. Called with an error only if the items before the failed one have results. */
  readonly mustHandOver?: (error: unknown) => boolean
}

/**
 * Calls `work` for the items of a list in order, several at the same time, until the time is up. Returns the results of
 * the items before the first item for which `work` was not called. Always works on the first `concurrency` items, so
 * that every pass makes progress.
 *
 * If a call fails, waits for the others and throws the error. If AWS throttled the call until the time of the pass was
 * used up, returns the results of the items before it, unless it is the first item.
 */
export const workUntil = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  { concurrency, timeIsUp, mustHandOver = () => false }: WorkOptions,
): Promise<Result[]> => {
  const results: Result[] = []
  const failures: { readonly index: number; readonly error: unknown }[] = []
  const rest = items.entries()
  let isEnding = false
  const worker = async (): Promise<void> => {
    while (!isEnding) {
      const { value } = rest.next()
      if (value === undefined) return
      const [index, item] = value
      try {
        results[index] = await work(item)
        if (timeIsUp()) isEnding = true
      } catch (error) {
        isEnding = true
        failures.push({ index, error })
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const end = Math.min(results.length, ...failures.map(({ index }) => index))
  for (const { error } of failures) if (end === 0 || !mustHandOver(error)) throw error
  return results.slice(0, end)
}

/**
 * Calls `work` for all items of a list, at most `concurrency` at the same time. If a call fails, begins no more, waits
 * for the others and throws the error.
 */
export const workOnAll = async <Item>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  await workUntil(items, work, { concurrency, timeIsUp: () => false })
}
