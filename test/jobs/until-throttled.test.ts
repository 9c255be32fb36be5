import { describe, expect, it } from 'vitest'
import { untilThrottled } from '../../shared/jobs/until-throttled.ts'

const throttled = new Error('throttled')

/** Yields the numbers below `fails`, and then fails. */
async function* numbers(fails: number, error: Error): AsyncGenerator<number> {
  for (let n = 0; n < fails; n++) yield Promise.resolve(n)
  throw error
}

const read = async (fails: number, error: Error, finished: number): Promise<{ read: number[]; stopped: boolean }> => {
  const all: number[] = []
  let stopped = false
  const attempt = { mustHandOver: (given: unknown) => given === throttled }
  const elements = untilThrottled(
    attempt,
    numbers(fails, error),
    () => all.length >= finished,
    () => {
      stopped = true
    },
  )
  for await (const n of elements) all.push(n)
  return { read: all, stopped }
}

describe('reading until a read is throttled', () => {
  it('ends early if work is finished', async () => {
    expect(await read(3, throttled, 1)).toEqual({ read: [0, 1, 2], stopped: true })
  })

  it('fails if no work is finished, and after any other error', async () => {
    await expect(read(0, throttled, 1)).rejects.toBe(throttled)
    const other = new Error('other')
    await expect(read(3, other, 1)).rejects.toBe(other)
  })

  it('ends the source if its reader stops', async () => {
    let isOpen = true
    const source = async function* (): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n++) yield Promise.resolve(n)
      } finally {
        isOpen = false
      }
    }
    const elements = untilThrottled(
      { mustHandOver: () => false },
      source(),
      () => true,
      () => undefined,
    )
    for await (const n of elements) if (n === 3) break
    expect(isOpen).toBe(false)
  })
})
