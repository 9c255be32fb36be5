import type { Attempt } from './pass.ts'

/**
 * Calls `store`, which stores a segment, an extent or a run in the middle of a pass. If AWS throttles it until the time
 * of the pass is used up, calls it once more, with the additional time of a pass that hands over. Therefore, `store`
 * must keep its state until it has succeeded. At its end, a pass writes its lists in `whileStoring` instead, which
 * calls its function once, with the additional time from the start.
 */
export const storeFinished = async <Output>(
  { mustHandOver }: Pick<Attempt, 'mustHandOver'>,
  store: () => Promise<Output>,
): Promise<Output> => {
  try {
    return await store()
  } catch (error) {
    if (!mustHandOver(error)) throw error
    return store()
  }
}
