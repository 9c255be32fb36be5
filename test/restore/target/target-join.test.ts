import { describe, expect, it } from 'vitest'
import { metadataSortKey } from '../../../shared/resources/keys.ts'
import { compareBytes } from '../../../shared/values/text-order.ts'
import { TargetJoin } from '../../../shared/restore/target/target-join.ts'

const sorted = (ids: readonly string[]): string[] =>
  ids.toSorted((a, b) => compareBytes(metadataSortKey(a), metadataSortKey(b)))
const ALL = sorted(['a', 'b', 'c', 'd', 'e', 'f'])
const pick = (...indexes: number[]): string[] => indexes.map((index) => ALL[index] ?? '')

/** A target with resources of these ids. It counts the rows that are read. */
class Target {
  read = 0
  closed = false
  readonly #ids: readonly string[]

  constructor(ids: readonly string[]) {
    this.#ids = ids
  }

  async *rows(): AsyncGenerator<string> {
    try {
      for (const id of this.#ids) {
        await Promise.resolve()
        this.read += 1
        yield id
      }
    } finally {
      this.closed = true
    }
  }

  join(): TargetJoin<string> {
    return new TargetJoin(this.rows(), metadataSortKey)
  }
}

describe('TargetJoin', () => {
  it('returns the row of each resource, and passes the other rows to the callback', async () => {
    const join = new Target(pick(0, 2, 3, 4)).join()
    const passed: string[] = []
    const rows: (string | undefined)[] = []
    for (const id of pick(1, 3, 5)) rows.push(await join.seek(id, (row) => void passed.push(row)))
    expect(rows).toEqual([undefined, ...pick(3), undefined])
    expect(passed).toEqual(pick(0, 2, 4))
  })

  it('keeps a row that comes after the resource', async () => {
    const target = new Target(pick(2))
    const join = target.join()
    expect(await join.seek(pick(0)[0] ?? '')).toBeUndefined()
    expect(await join.seek(pick(1)[0] ?? '')).toBeUndefined()
    expect(await join.seek(pick(2)[0] ?? '')).toBe(pick(2)[0])
    expect(await join.seek(pick(2)[0] ?? '')).toBeUndefined()
    expect(target.read).toBe(1)
  })

  it('skips rows without a callback', async () => {
    const join = new Target(pick(0, 1, 2)).join()
    expect(await join.seek(pick(2)[0] ?? '')).toBe(pick(2)[0])
  })

  it('passes each remaining row once', async () => {
    const join = new Target(pick(0, 1, 2)).join()
    await join.seek(pick(0)[0] ?? '')
    const left: string[] = []
    await join.end((row) => void left.push(row))
    await join.end((row) => void left.push(row))
    expect(left).toEqual(pick(1, 2))
    expect(await join.seek(pick(5)[0] ?? '')).toBeUndefined()
  })

  it('passes the remaining rows before a sort key, and keeps the others', async () => {
    const join = new Target(pick(0, 1, 2, 3)).join()
    const left: string[] = []
    await join.end((row) => void left.push(row), metadataSortKey(pick(2)[0] ?? ''))
    expect(left).toEqual(pick(0, 1))
    await join.end((row) => void left.push(row))
    expect(left).toEqual(pick(0, 1, 2, 3))
  })

  it('waits for each callback before it passes the next row', async () => {
    const join = new Target(pick(0, 1, 2, 3)).join()
    const events: string[] = []
    const onPassed = async (row: string): Promise<void> => {
      events.push(`begin ${row}`)
      await Promise.resolve()
      events.push(`end ${row}`)
    }
    await join.seek(pick(1)[0] ?? '', onPassed)
    await join.end(onPassed)
    expect(events).toEqual(pick(0, 2, 3).flatMap((row) => [`begin ${row}`, `end ${row}`]))
  })

  it('ends the reading of the target when it is closed', async () => {
    const target = new Target(pick(0, 1))
    const join = target.join()
    await join.seek(pick(0)[0] ?? '')
    expect(target.closed).toBe(false)
    await join.close()
    expect(target.closed).toBe(true)
    // An iterator without `return` needs no closing.
    const endless = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true as const, value: '' }) }),
    }
    await new TargetJoin<string>(endless, metadataSortKey).close()
  })

  it('does not read again after the last row', async () => {
    let reads = 0
    const next = (): Promise<IteratorResult<string>> => {
      reads += 1
      return Promise.resolve({ done: true, value: undefined })
    }
    const join = new TargetJoin<string>({ [Symbol.asyncIterator]: () => ({ next }) }, metadataSortKey)
    expect(await join.seek('a')).toBeUndefined()
    expect(await join.seek('b')).toBeUndefined()
    expect(reads).toBe(1)
  })
})
