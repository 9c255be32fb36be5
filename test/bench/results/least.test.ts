import { describe, expect, it } from 'vitest'
import { batches, leastExport, leastRestore, pages, queryUnits, writeUnits } from './least.ts'

const KIB = 1024
const MIB = 1024 * KIB

describe('the units of a consistent query', () => {
  it.each([
    [[1], 1],
    [[4 * KIB], 1],
    [[4 * KIB, 1], 2],
    // Each item alone would take a unit.
    [[KIB, KIB, KIB, KIB], 1],
    // A query without results takes a unit.
    [[], 1],
  ])('of items with the sizes %j are %i', (sizes, units) => {
    expect(queryUnits(sizes)).toBe(units)
  })
})

describe('the units of a write', () => {
  it.each([
    [1, 1],
    [KIB, 1],
    [KIB + 1, 2],
    [400 * KIB, 400],
  ])('of an item of %i bytes are %i', (size, units) => {
    expect(writeUnits(size)).toBe(units)
  })
})

describe('the number of requests', () => {
  it('of a query is the number of pages of 1 MiB', () => {
    expect(pages([MIB])).toBe(1)
    expect(pages([MIB, 1])).toBe(2)
    expect(pages([])).toBe(1)
  })

  it('of batch writes follows from 25 items in a batch', () => {
    expect(batches(Array.from({ length: 25 }, () => KIB))).toBe(1)
    expect(batches(Array.from({ length: 26 }, () => KIB))).toBe(2)
  })

  it('of batch writes follows from 16 MiB in a batch of large items', () => {
    expect(batches(Array.from({ length: 100 }, () => 400 * KIB))).toBe(4)
    expect(batches(Array.from({ length: 250 }, () => 400 * KIB))).toBe(10)
  })
})

const sizes = {
  partitions: new Map([
    ['doc#m#0', [500, 500]],
    ['doc#r#0', [2 * KIB, 4 * KIB]],
  ]),
  blobs: [100, 200, 300],
  resources: 2,
}

describe('the least of an export', () => {
  it('is one read of each partition and of each blob', () => {
    expect(leastExport(sizes)).toEqual({
      read_units: 1 + 2,
      write_units: 0,
      table_calls: 2,
      blob_reads: 3,
      blob_writes: 0,
    })
  })
})

describe('the least of a restore', () => {
  it('is one write of each item and blob, and one read of both for the verification', () => {
    expect(leastRestore(sizes, 'overwrite')).toEqual({
      read_units: 3,
      write_units: 1 + 1 + 2 + 4,
      table_calls: 2 + 1,
      blob_reads: 3,
      blob_writes: 3,
    })
  })

  it('contains a request for each item if items are written under a condition', () => {
    expect(leastRestore(sizes, 'skip').table_calls).toBe(2 + 4)
  })
})
