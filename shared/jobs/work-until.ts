/**
 * Calls `work` for the items of a list in order, several at the same time, until the time is up. Returns the results of
 * the items before the first item for which `work` was not called. Always works on the first `concurrency` items, so
 * that every pass makes progress. If a call fails, waits for the others and throws the error.
 */
export const workUntil = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  { concurrency, timeIsUp }: { readonly concurrency: number; readonly timeIsUp: () => boolean },
): Promise<Result[]> => {
  const results: Result[] = []
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
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: concurrency }, worker))
  for (const { reason } of ended.filter((one) => one.status === 'rejected')) throw reason
  return results
}
