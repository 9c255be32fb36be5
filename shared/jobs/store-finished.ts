import type { Attempt } from './pass.ts'

/**
 * Calls `store`, which stores finished work of a pass in the middle of the pass. If AWS throttles it until the time of
 * the pass is used up, calls it once more, with the additional time of a pass that hands over. `store` must write the
 * same when it is called again. At its end, a pass stores its work in `whileStoring` instead.
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
