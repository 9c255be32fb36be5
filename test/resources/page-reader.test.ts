import { describe, expect, it } from 'vitest'
import { PageReader } from '../../shared/resources/page-reader.ts'
import type { Item } from '../../shared/tables/item.ts'

const item = (n: number): Item => ({ n: { N: `${n}` } })

/** Pages whose iterator, unlike a generator, fails if it is used after its end. `events` lists the calls. */
const strictPages = (pages: readonly (readonly Item[])[], events: string[] = []): AsyncIterable<readonly Item[]> => {
  const rest = [...pages]
  let ended = false
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        if (ended) return Promise.reject(new Error('the pages have ended'))
        events.push('next')
        const value = rest.shift()
        if (value !== undefined) return Promise.resolve({ done: false, value })
        ended = true
        return Promise.resolve({ done: true, value: undefined })
      },
      return: () => {
        events.push('return')
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
}

const readAll = async (reader: PageReader): Promise<Item[]> => {
  const items: Item[] = []
  while (await reader.fill())
    for (let next = reader.peek(); next !== undefined; next = reader.peek()) {
      items.push(next)
      reader.advance()
    }
  return items
}

describe('a PageReader', () => {
  it('returns the items of all pages in order, also after empty pages', async () => {
    const reader = new PageReader(strictPages([[], [item(1), item(2)], [], [], [item(3)], []]))
    expect(await readAll(reader)).toEqual([item(1), item(2), item(3)])
    expect(await readAll(new PageReader(strictPages([])))).toEqual([])
  })

  it('returns an item until it is skipped, and reads no page before it is needed', async () => {
    const events: string[] = []
    const reader = new PageReader(strictPages([[item(1), item(2)]], events))
    expect(reader.peek()).toBeUndefined()
    expect([await reader.fill(), await reader.fill()]).toEqual([true, true])
    expect([reader.peek(), reader.peek()]).toEqual([item(1), item(1)])
    reader.advance()
    expect(await reader.fill()).toBe(true)
    expect(reader.peek()).toEqual(item(2))
    expect(events).toEqual(['next'])
    reader.advance()
    expect(await reader.fill()).toBe(false)
  })

  it('stays at the end without reading the pages again', async () => {
    const reader = new PageReader(strictPages([[item(1)]]))
    expect(await readAll(reader)).toEqual([item(1)])
    expect([await reader.fill(), await reader.fill()]).toEqual([false, false])
    expect(reader.peek()).toBeUndefined()
  })

  it('ends the pages when it is closed, if they can be ended', async () => {
    const events: string[] = []
    await new PageReader(strictPages([[item(1)]], events)).close()
    expect(events).toEqual(['return'])
    const endless = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: [] } as const) }),
    }
    await expect(new PageReader(endless).close()).resolves.toBeUndefined()
  })
})
