import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idHashOf, metadataSortKey, revisionSortKey, shardOf } from '../../shared/resources/keys.ts'
import { hasOwnIdHash, parsePartitionKey, shardsOfData } from '../../shared/resources/partitions.ts'

describe('parsePartitionKey', () => {
  it('returns model, kind and shard', () => {
    expect(parsePartitionKey('city#m#0')).toEqual({ model: 'city', kind: 'm', shard: 0 })
    expect(parsePartitionKey('a-b_C9#r#1023')).toEqual({ model: 'a-b_C9', kind: 'r', shard: 1023 })
  })

  it.each(['city', 'city#x#0', 'city#m#', 'city#m#01', 'city#m#1024', 'city#m#0#', '#m#0', '9#m#0', 'ci ty#m#0'])(
    'returns undefined for %s',
    (pk) => {
      expect(parsePartitionKey(pk)).toBeUndefined()
    },
  )
})

describe('hasOwnIdHash', () => {
  it('is true for the sort keys of metadata and revisions', () => {
    expect(hasOwnIdHash(metadataSortKey('team 7'))).toBe(true)
    expect(hasOwnIdHash(revisionSortKey('team 7', 'team 7:1', null))).toBe(true)
  })

  it.each([
    '',
    'team 7',
    '910886a475f8efaa',
    '910886a475f8efaa/',
    idHashOf(''),
    `${idHashOf('')}/`,
    idHashOf('undefined'),
    '910886a475f8efab/team 7',
    'x910886a475f8efaa/team 7',
  ])('is false for %j', (sortKey) => {
    expect(hasOwnIdHash(sortKey)).toBe(false)
  })
})

describe('shardsOfData', () => {
  const powers = Array.from({ length: 11 }, (_, k) => 2 ** k)
  /** The first and last item of every partition, as the items of these ids have under a number of shards. */
  const placed = (ids: readonly string[], shards: number) => {
    const sortKeys = ids.map(metadataSortKey).sort()
    return Array.from({ length: shards }, (_, shard) => shard).flatMap((shard) => {
      const own = sortKeys.filter((sortKey) => shardOf(sortKey, shards) === shard)
      return [own[0], own.at(-1)].flatMap((sortKey) => (sortKey === undefined ? [] : [{ shard, sortKey }]))
    })
  }

  it('returns the registered number for any data that was written with it', () => {
    const ids = fc.array(fc.uuid(), { maxLength: 60 })
    fc.assert(
      fc.property(ids, fc.constantFrom(...powers), (some, shards) => {
        expect(shardsOfData(placed(some, shards), shards)).toBe(shards)
      }),
    )
  })

  it('returns a number under which the data is found, whatever number is registered', () => {
    const ids = fc.array(fc.uuid(), { maxLength: 60 })
    const number = fc.constantFrom(...powers)
    fc.assert(
      fc.property(ids, number, number, (some, shards, registered) => {
        const items = placed(some, shards)
        const found = shardsOfData(items, registered)
        expect(items.filter(({ shard, sortKey }) => shardOf(sortKey, found) !== shard)).toEqual([])
      }),
    )
  })

  it('returns the number with which a hundred resources were written', () => {
    const ids = Array.from({ length: 100 }, (_, k) => `city ${k}`)
    for (const shards of powers)
      for (const registered of powers) expect(shardsOfData(placed(ids, shards), registered)).toBe(shards)
  })

  it('does not take a few items in a wrong partition for another number', () => {
    const items = placed(['a', 'b', 'c', 'd'], 16)
    const stray = { shard: 33, sortKey: `${idHashOf('e')}/e` }
    expect(shardsOfData([...items, stray], 16)).toBe(16)
    expect(shardsOfData([], 16)).toBe(16)
  })
})
