import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, RecordInvalidError } from '../../shared/archive/errors.ts'
import type { IndexLine, RecordsEntry } from '../../shared/archive/index-line.ts'
import { RecordOrder } from '../../shared/archive/record-order.ts'
import type { Item } from '../../shared/tables/item.ts'

type Given = readonly [kind: 'metadata' | 'revision', id: string, h: string, revision: string]

const entry = (change: Partial<RecordsEntry> = {}): IndexLine => ({
  path: 'models/city/s.jsonl',
  offset: 512,
  size: 100,
  sha256: 'a'.repeat(64),
  kind: 'records',
  unpacked_size: 100,
  model: 'city',
  resources: 1,
  revisions: 1,
  first_h: '1',
  last_h: '1',
  ...change,
})
const metadata = (id: string, h: string, current = '1'): Given => ['metadata', id, h, current]
const revision = (id: string, h: string, n = '1'): Given => ['revision', id, h, n]

const check = (order: RecordOrder, ...records: Given[]): void => {
  for (const [kind, id, h, n] of records) {
    const sk = kind === 'metadata' ? `${h}/${id}` : `${h}/${id}/${n}`
    const item: Item = { [kind === 'metadata' ? 'current_revision_id' : 'revision_id']: { S: n } }
    order.check({ kind, model: 'city', id, h, sk }, item)
  }
}
const begun = (partial = false, first = entry()): RecordOrder => {
  const order = new RecordOrder({ model: 'city' }, { partial })
  order.beginChunk(first)
  return order
}
const wrong = (line: number, reason: string): Error =>
  new RecordInvalidError(reason, { entry: 'models/city/s.jsonl', line })

describe('records in order', () => {
  it('are counted: resources by place and id, revisions by their keys', () => {
    const order = begun()
    check(order, metadata('😂', '1'), revision('😂', '1'), metadata('ﬀ', '2', '2'), revision('ﬀ', '2', '1'))
    check(order, revision('ﬀ', '2', '2'), revision('ﬀ', '2', '3'), metadata('😀', '2'), revision('😀', '2'))
    order.end()
    expect([order.resources, order.revisions]).toEqual([3, 5])
  })

  it.each<[string, number, readonly Given[]]>([
    ['resource "a" stands twice', 3, [metadata('a', '1'), revision('a', '1'), metadata('a', '1')]],
    ['resource "a" stands out of order', 3, [metadata('b', '1'), revision('b', '1'), metadata('a', '1')]],
    ['resource "ﬀ" stands out of order', 3, [metadata('😀', '1'), revision('😀', '1'), metadata('ﬀ', '1')]],
    ['resource "b" stands out of order', 3, [metadata('a', '2'), revision('a', '2'), metadata('b', '1')]],
    [
      'resource "a" lacks its current revision "2"',
      3,
      [metadata('a', '1', '2'), revision('a', '1'), metadata('b', '2')],
    ],
    ['a revision of "a" without its metadata', 1, [revision('a', '1')]],
    ['a revision of "b" without its metadata', 2, [metadata('a', '1'), revision('b', '1')]],
    ['revision "1/a/1" stands out of order, or twice', 3, [metadata('a', '1'), revision('a', '1'), revision('a', '1')]],
    [
      'revision "1/a/1" stands out of order, or twice',
      3,
      [metadata('a', '1'), revision('a', '1', '2'), revision('a', '1')],
    ],
    [
      'revision "1/a/ﬀ" stands out of order, or twice',
      3,
      [metadata('a', '1'), revision('a', '1', '😀'), revision('a', '1', 'ﬀ')],
    ],
  ])('are refused: %s', (reason, line, records) => {
    expect(() => {
      check(begun(), ...records)
    }).toThrow(wrong(line, reason))
  })

  it('are of the segment’s model, and metadata names its current revision', () => {
    const place = { kind: 'metadata' as const, id: 'a', h: '1', sk: '1/a' }
    expect(() => {
      begun().check({ ...place, model: 'town' }, {})
    }).toThrow(wrong(1, "its model is town, the segment's is city"))
    expect(() => {
      begun().check({ ...place, model: 'city' }, {})
    }).toThrow(wrong(1, 'resource "a" has no current_revision_id'))
  })

  it('stand in a chunk', () => {
    const order = new RecordOrder({ model: 'city' })
    const none = new Error('no chunk has begun')
    expect(() => {
      check(order, metadata('a', '1'))
    }).toThrow(none)
    order.beginChunk(entry())
    check(order, metadata('a', '1'), revision('a', '1'))
    order.endChunk()
    expect(() => {
      order.endChunk()
    }).toThrow(none)
  })

  it('end with a resource that is whole', () => {
    const order = begun()
    check(order, metadata('a', '1', '2'), revision('a', '1'))
    expect(() => {
      order.end()
    }).toThrow(wrong(2, 'resource "a" lacks its current revision "2"'))
    order.endChunk()
    expect(() => {
      order.end()
    }).toThrow(new RecordInvalidError('resource "a" lacks its current revision "2"'))
    new RecordOrder({ model: 'city' }).end()
  })

  it.each([{ resources: 2 }, { revisions: 2 }, { first_h: '0' }, { last_h: '2' }])(
    'are those that the index says: not %j',
    (said) => {
      const order = begun(false, entry(said))
      check(order, metadata('a', '1'), revision('a', '1'))
      expect(() => {
        order.endChunk()
      }).toThrow(new ArchiveInvalidError('entry models/city/s.jsonl does not hold the records that the index says'))
    },
  )

  it('are compared with the index by their first and last place', () => {
    const order = begun(false, entry({ resources: 2, revisions: 2, first_h: '1', last_h: '3' }))
    check(order, metadata('a', '1'), revision('a', '1'), metadata('b', '3'), revision('b', '3'))
    order.endChunk()
  })
})

describe('records of a part of a segment', () => {
  it('may begin inside a resource, at the first line alone', () => {
    const order = begun(true)
    check(order, revision('a', '1', '5'), revision('a', '1', '6'), metadata('b', '1'), revision('b', '1'))
    expect([order.resources, order.revisions]).toEqual([1, 3])
    expect(() => {
      check(order, revision('c', '1'))
    }).toThrow(wrong(5, 'a revision of "c" without its metadata'))
    expect(() => {
      check(begun(true), revision('a', '1', '2'), revision('a', '1', '1'))
    }).toThrow(wrong(2, 'revision "1/a/1" stands out of order, or twice'))
  })

  it('may end inside a resource', () => {
    const order = begun(true)
    check(order, metadata('a', '1', '2'))
    expect(() => {
      order.end()
    }).not.toThrow()
  })

  it('go on by place in the next chunk', () => {
    const order = begun(true)
    check(order, metadata('b', '2'), revision('b', '2'))
    order.beginChunk(entry({ offset: 5_000 }))
    expect(() => {
      check(order, revision('a', '1'))
    }).toThrow(wrong(1, 'resource "a" stands out of order'))
    const same = begun(true)
    check(same, metadata('b', '2'), revision('b', '2'))
    same.beginChunk(entry({ offset: 5_000 }))
    check(same, revision('c', '2'))
    expect(same.revisions).toBe(2)
  })

  it.each([
    [1_536, 'lacks'],
    [2_048, 'may have'],
  ])('behind a chunk of 512 to 1,024, from %d on: a resource %s its current revision passed over', (offset, may) => {
    const order = begun(true)
    check(order, metadata('a', '1', '2'))
    order.beginChunk(entry({ offset }))
    const next = () => {
      check(order, metadata('b', '1'))
    }
    if (may === 'lacks') expect(next).toThrow(wrong(1, 'resource "a" lacks its current revision "2"'))
    else expect(next).not.toThrow()
  })

  it('of the whole segment are never passed over', () => {
    const order = begun()
    check(order, metadata('a', '1', '2'))
    order.beginChunk(entry({ offset: 9_728 }))
    expect(() => {
      check(order, metadata('b', '1'))
    }).toThrow(wrong(1, 'resource "a" lacks its current revision "2"'))
  })
})
