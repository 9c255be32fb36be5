import type { Attempt } from './pass.ts'

/**
 * Yields the elements of `source`. If AWS throttles the read of the next element until the time of the pass is used up,
 * and if the pass has finished work, calls `onHandOver` and ends early. Errors of the code that processes an element
 * are not affected.
 */
export async function* untilThrottled<Element>(
  { mustHandOver }: Pick<Attempt, 'mustHandOver'>,
  source: AsyncIterable<Element>,
  hasFinished: () => boolean,
  onHandOver: () => void,
): AsyncGenerator<Element> {
  const elements = source[Symbol.asyncIterator]()
  const next = async (): Promise<IteratorResult<Element>> => {
    try {
      return await elements.next()
    } catch (error) {
      if (!hasFinished() || !mustHandOver(error)) throw error
      onHandOver()
      return { done: true, value: undefined }
    }
  }
  try {
    for (let result = await next(); result.done !== true; result = await next()) yield result.value
  } finally {
    await elements.return?.()
  }
}
