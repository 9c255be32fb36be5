import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, RecordInvalidError } from '../../shared/archive/errors.ts'
import type { IndexLine, RecordsEntry } from '../../shared/archive/index-line.ts'
import type { RecordKey } from '../../shared/archive/record-line.ts'
import { RecordOrder } from '../../shared/archive/record-order.ts'

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
const metadata = (id: string, h: string): RecordKey => ({ kind: 'metadata', model: 'city', id, h, sk: `${h}/${id}` })
const revision = (id: string, h: string, n = '1'): RecordKey => ({
  kind: 'revision',
  model: 'city',
  id,
  h,
  sk: `${h}/${id}/${n}`,
})

const check = (order: RecordOrder, ...records: RecordKey[]): void => {
  for (const record of records) order.check(record)
}
const orderInChunk = (first = entry()): RecordOrder => {
  const order = new RecordOrder({ model: 'city' })
  order.beginChunk(first)
  return order
}
const invalid = (line: number, reason: string): Error =>
  new RecordInvalidError(reason, { entry: 'models/city/s.jsonl', line })

describe('the records of a segment', () => {
  it('are counted if they are ordered by id hash, id and sk', () => {
    const order = orderInChunk()
    check(order, metadata('😂', '1'), revision('😂', '1'), metadata('ﬀ', '2'), revision('ﬀ', '2', '1'))
    check(order, revision('ﬀ', '2', '2'), revision('ﬀ', '2', '3'), metadata('😀', '2'), revision('😀', '2'))
    expect([order.resources, order.revisions]).toEqual([3, 5])
  })

  it.each<[string, number, readonly RecordKey[]]>([
    ['resource "a" occurs twice', 3, [metadata('a', '1'), revision('a', '1'), metadata('a', '1')]],
    ['resource "a" occurs twice', 2, [metadata('a', '1'), metadata('a', '1')]],
    ['resource "a" is out of order', 3, [metadata('b', '1'), revision('b', '1'), metadata('a', '1')]],
    ['resource "ﬀ" is out of order', 3, [metadata('😀', '1'), revision('😀', '1'), metadata('ﬀ', '1')]],
    ['resource "b" is out of order', 3, [metadata('a', '2'), revision('a', '2'), metadata('b', '1')]],
    ['revision "1/a/1" of resource "a" occurs twice', 3, [metadata('a', '1'), revision('a', '1'), revision('a', '1')]],
    [
      'revision "1/a/1" of resource "a" is out of order',
      3,
      [metadata('a', '1'), revision('a', '1', '2'), revision('a', '1')],
    ],
    [
      'revision "1/a/ﬀ" of resource "a" is out of order',
      3,
      [metadata('a', '1'), revision('a', '1', '😀'), revision('a', '1', 'ﬀ')],
    ],
  ])('are rejected: %s', (reason, line, records) => {
    expect(() => {
      check(orderInChunk(), ...records)
    }).toThrow(invalid(line, reason))
  })

  it('are checked after an error: a repeated record is skipped, and a resource out of order causes one error', () => {
    const records = [
      ...[metadata('a', '2'), metadata('a', '2'), revision('a', '2', '2'), revision('a', '2', '1')],
      ...[metadata('b', '1'), revision('b', '1'), metadata('c', '3'), metadata('a', '2'), revision('a', '2')],
    ]
    const order = orderInChunk(entry({ resources: 5, revisions: 4, first_h: '2', last_h: '2' }))
    const errors = records.flatMap((record) => {
      try {
        order.check(record)
        return []
      } catch (error) {
        return [error]
      }
    })
    expect(errors).toEqual([
      invalid(2, 'resource "a" occurs twice'),
      invalid(4, 'revision "2/a/1" of resource "a" is out of order'),
      invalid(5, 'resource "b" is out of order'),
      invalid(8, 'resource "a" is out of order'),
    ])
    expect(() => {
      order.endChunk()
    }).not.toThrow()
  })

  it('must belong to the model of the segment', () => {
    expect(() => {
      orderInChunk().check({ kind: 'metadata', model: 'town', id: 'a', h: '1', sk: '1/a' })
    }).toThrow(invalid(1, 'the record belongs to model town, but the segment belongs to model city'))
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

  it.each([{ resources: 2 }, { revisions: 2 }, { first_h: '0' }, { last_h: '2' }])(
    'must match the index line of their chunk: %j',
    (change) => {
      const order = orderInChunk(entry(change))
      check(order, metadata('a', '1'), revision('a', '1'))
      expect(() => {
        order.endChunk()
      }).toThrow(
        new ArchiveInvalidError(
          'entry models/city/s.jsonl has 1 metadata lines and 1 revision lines with id hashes from 1 to 1, ' +
            'which does not match its index line',
        ),
      )
    },
  )

  it('match an index line with their first and last id hash', () => {
    const order = orderInChunk(entry({ resources: 2, revisions: 2, first_h: '1', last_h: '3' }))
    check(order, metadata('a', '1'), revision('a', '1'), metadata('b', '3'), revision('b', '3'))
    expect(() => {
      order.endChunk()
    }).not.toThrow()
  })

  it('match an index line with any id hash in place of that of a faulty record', () => {
    const faulty = {
      kind: 'revision',
      id: '',
      idInKey: '',
      key: { pk: '', sk: '' },
      fault: 'the item is invalid',
    } as const
    const order = orderInChunk(entry({ revisions: 2, first_h: '0', last_h: '9' }))
    order.countFaulty(faulty)
    check(order, metadata('a', '1'))
    order.countFaulty(faulty)
    expect(() => {
      order.endChunk()
    }).not.toThrow()
    expect([order.resources, order.revisions]).toEqual([1, 2])
  })

  it('may begin inside a resource, because the caller may skip chunks', () => {
    const order = orderInChunk()
    check(order, revision('a', '1', '5'), metadata('b', '1'))
    order.beginChunk(entry({ offset: 9_728 }))
    check(order, revision('c', '2'))
    expect([order.resources, order.revisions]).toEqual([1, 2])
  })

  it('must be in order across chunks', () => {
    const order = orderInChunk()
    check(order, metadata('b', '2'), revision('b', '2'))
    order.beginChunk(entry({ offset: 5_000 }))
    expect(() => {
      check(order, revision('a', '1'))
    }).toThrow(invalid(1, 'revision "1/a/1" of resource "a" is out of order'))
  })
})
