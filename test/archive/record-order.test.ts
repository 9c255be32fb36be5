import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, RecordInvalidError } from '../../shared/archive/errors.ts'
import type { IndexLine, RecordsEntry } from '../../shared/archive/index-line.ts'
import { RecordOrder } from '../../shared/archive/record-order.ts'
import type { Item } from '../../shared/tables/item.ts'

type TestRecord = readonly [kind: 'metadata' | 'revision', id: string, h: string, revision: string]

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
const metadata = (id: string, h: string, current = '1'): TestRecord => ['metadata', id, h, current]
const revision = (id: string, h: string, n = '1'): TestRecord => ['revision', id, h, n]

const check = (order: RecordOrder, ...records: TestRecord[]): void => {
  for (const [kind, id, h, n] of records) {
    const sk = kind === 'metadata' ? `${h}/${id}` : `${h}/${id}/${n}`
    const item: Item = { [kind === 'metadata' ? 'current_revision_id' : 'revision_id']: { S: n } }
    order.check({ kind, model: 'city', id, h, sk }, item)
  }
}
const orderInChunk = (partial = false, first = entry()): RecordOrder => {
  const order = new RecordOrder({ model: 'city' }, { partial })
  order.beginChunk(first)
  return order
}
const invalid = (line: number, reason: string): Error =>
  new RecordInvalidError(reason, { entry: 'models/city/s.jsonl', line })

describe('the records of a whole segment', () => {
  it('are counted if resources are ordered by hash key and id, and revisions by sk', () => {
    const order = orderInChunk()
    check(order, metadata('😂', '1'), revision('😂', '1'), metadata('ﬀ', '2', '2'), revision('ﬀ', '2', '1'))
    check(order, revision('ﬀ', '2', '2'), revision('ﬀ', '2', '3'), metadata('😀', '2'), revision('😀', '2'))
    order.end()
    expect([order.resources, order.revisions]).toEqual([3, 5])
  })

  it.each<[string, number, readonly TestRecord[]]>([
    ['resource "a" occurs twice', 3, [metadata('a', '1'), revision('a', '1'), metadata('a', '1')]],
    ['resource "a" is out of order', 3, [metadata('b', '1'), revision('b', '1'), metadata('a', '1')]],
    ['resource "ﬀ" is out of order', 3, [metadata('😀', '1'), revision('😀', '1'), metadata('ﬀ', '1')]],
    ['resource "b" is out of order', 3, [metadata('a', '2'), revision('a', '2'), metadata('b', '1')]],
    [
      'the current revision "2" of resource "a" is missing',
      3,
      [metadata('a', '1', '2'), revision('a', '1'), metadata('b', '2')],
    ],
    ['a revision of resource "a" does not follow its metadata', 1, [revision('a', '1')]],
    ['a revision of resource "b" does not follow its metadata', 2, [metadata('a', '1'), revision('b', '1')]],
    [
      'revision "1/a/1" is out of order or occurs twice',
      3,
      [metadata('a', '1'), revision('a', '1'), revision('a', '1')],
    ],
    [
      'revision "1/a/1" is out of order or occurs twice',
      3,
      [metadata('a', '1'), revision('a', '1', '2'), revision('a', '1')],
    ],
    [
      'revision "1/a/ﬀ" is out of order or occurs twice',
      3,
      [metadata('a', '1'), revision('a', '1', '😀'), revision('a', '1', 'ﬀ')],
    ],
  ])('are rejected: %s', (reason, line, records) => {
    expect(() => {
      check(orderInChunk(), ...records)
    }).toThrow(invalid(line, reason))
  })

  it('must belong to the model of the segment', () => {
    expect(() => {
      orderInChunk().check({ kind: 'metadata', model: 'town', id: 'a', h: '1', sk: '1/a' }, {})
    }).toThrow(invalid(1, 'the record belongs to model town, the segment to model city'))
  })

  it('must include current_revision_id in metadata', () => {
    expect(() => {
      orderInChunk().check({ kind: 'metadata', model: 'city', id: 'a', h: '1', sk: '1/a' }, {})
    }).toThrow(invalid(1, 'resource "a" has no current_revision_id'))
  })

  it('must be in a chunk', () => {
    const order = new RecordOrder({ model: 'city' })
    const error = new Error('beginChunk must be called first')
    expect(() => {
      check(order, metadata('a', '1'))
    }).toThrow(error)
    order.beginChunk(entry())
    check(order, metadata('a', '1'), revision('a', '1'))
    order.endChunk()
    expect(() => {
      order.endChunk()
    }).toThrow(error)
  })

  it('must end with a complete resource', () => {
    const reason = 'the current revision "2" of resource "a" is missing'
    const order = orderInChunk()
    check(order, metadata('a', '1', '2'), revision('a', '1'))
    expect(() => {
      order.end()
    }).toThrow(invalid(2, reason))
    order.endChunk()
    expect(() => {
      order.end()
    }).toThrow(new RecordInvalidError(reason))
  })

  it('may be empty', () => {
    expect(() => {
      new RecordOrder({ model: 'city' }).end()
    }).not.toThrow()
  })

  it.each([{ resources: 2 }, { revisions: 2 }, { first_h: '0' }, { last_h: '2' }])(
    'must match the index line of their chunk: %j',
    (change) => {
      const order = orderInChunk(false, entry(change))
      check(order, metadata('a', '1'), revision('a', '1'))
      expect(() => {
        order.endChunk()
      }).toThrow(
        new ArchiveInvalidError(
          'entry models/city/s.jsonl has 1 metadata and 1 revision lines with hash keys 1 to 1, ' +
            'which does not match its index line',
        ),
      )
    },
  )

  it('match an index line with their first and last hash key', () => {
    const order = orderInChunk(false, entry({ resources: 2, revisions: 2, first_h: '1', last_h: '3' }))
    check(order, metadata('a', '1'), revision('a', '1'), metadata('b', '3'), revision('b', '3'))
    expect(() => {
      order.endChunk()
    }).not.toThrow()
  })

  it('must be complete although the next chunk is not adjacent', () => {
    const order = orderInChunk()
    check(order, metadata('a', '1', '2'))
    order.beginChunk(entry({ offset: 9_728 }))
    expect(() => {
      check(order, metadata('b', '1'))
    }).toThrow(invalid(1, 'the current revision "2" of resource "a" is missing'))
  })
})

describe('the records of a part of a segment', () => {
  it('may begin inside a resource, but only with the first line of a chunk', () => {
    const order = orderInChunk(true)
    check(order, revision('a', '1', '5'), revision('a', '1', '6'), metadata('b', '1'), revision('b', '1'))
    expect([order.resources, order.revisions]).toEqual([1, 3])
    expect(() => {
      check(order, revision('c', '1'))
    }).toThrow(invalid(5, 'a revision of resource "c" does not follow its metadata'))
  })

  it('must have their revisions in order', () => {
    expect(() => {
      check(orderInChunk(true), revision('a', '1', '2'), revision('a', '1', '1'))
    }).toThrow(invalid(2, 'revision "1/a/1" is out of order or occurs twice'))
  })

  it('may end inside a resource', () => {
    const order = orderInChunk(true)
    check(order, metadata('a', '1', '2'))
    expect(() => {
      order.end()
    }).not.toThrow()
  })

  it('must have their resources in order across chunks', () => {
    const order = orderInChunk(true)
    check(order, metadata('b', '2'), revision('b', '2'))
    order.beginChunk(entry({ offset: 5_000 }))
    expect(() => {
      check(order, revision('a', '1'))
    }).toThrow(invalid(1, 'resource "a" is out of order'))
  })

  it('may continue with another resource of the same hash key', () => {
    const order = orderInChunk(true)
    check(order, metadata('b', '2'), revision('b', '2'))
    order.beginChunk(entry({ offset: 5_000 }))
    check(order, revision('c', '2'))
    expect(order.revisions).toBe(2)
  })

  it('must include the current revision if the next chunk is adjacent', () => {
    const order = orderInChunk(true)
    check(order, metadata('a', '1', '2'))
    order.beginChunk(entry({ offset: 1_536 }))
    expect(() => {
      check(order, metadata('b', '1'))
    }).toThrow(invalid(1, 'the current revision "2" of resource "a" is missing'))
  })

  it('need not include the current revision if a chunk is skipped', () => {
    const order = orderInChunk(true)
    check(order, metadata('a', '1', '2'))
    order.beginChunk(entry({ offset: 2_048 }))
    expect(() => {
      check(order, metadata('b', '1'))
    }).not.toThrow()
  })
})
