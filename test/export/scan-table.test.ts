import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanTable } from '../../shared/export/scan-table.ts'
import type { ScanPosition } from '../../shared/resources/aws/resource-keys.ts'
import { ownerOf } from '../../shared/resources/item-owner.ts'
import { loadModels } from '../../shared/resources/models.ts'
import type { Key } from '../../shared/tables/item.ts'
import { compareBytes } from '../../shared/values/text-order.ts'

const MODELS = loadModels({ city: { shards: 4 }, one: { shards: 1 }, ignored_key_prefixes: ['cache#'] })

/** A table in memory. Its partitions are in the order of `keys`. In DynamoDB, the order of partitions is arbitrary. */
const tableOf = (keys: readonly Key[]) => {
  const partitions = [...new Set(keys.map(({ pk }) => pk))]
  const order = (a: Key, b: Key): number =>
    partitions.indexOf(a.pk) - partitions.indexOf(b.pk) || compareBytes(a.sk, b.sk)
  const sorted = [...keys].sort(order)
  const table = {
    requests: 0,
    read: 0,
    page: (after: ScanPosition | undefined, limit: number) => {
      const start =
        after === undefined ? 0 : sorted.findIndex((key) => order(key, { sk: '\u{10ffff}'.repeat(256), ...after }) > 0)
      const page = start === -1 ? [] : sorted.slice(start, start + limit)
      table.requests += 1
      table.read += page.length
      const last = page.at(-1)
      return Promise.resolve(last === undefined || page.length < limit ? { keys: page } : { keys: page, last })
    },
  }
  return table
}

const scan = async (table: ReturnType<typeof tableOf>, stopAfter = Infinity): Promise<Key[]> => {
  const found: Key[] = []
  let start: ScanPosition | undefined
  do {
    let pages = 0
    start = await scanTable(start, {
      resourceKeys: table,
      models: MODELS,
      found: { add: ({ pk, sk }) => void found.push({ pk, sk }) },
      mustHandOver: () => false,
      mustStop: () => ++pages >= stopAfter,
    })
  } while (start !== undefined)
  return found
}

const text = ({ pk, sk }: Key): string => `${pk} ${sk}`

describe('the scan of the table', () => {
  it('reports each item that belongs to no resource once, no matter where its passes stop', async () => {
    const pk = fc.constantFrom(
      'city#m#0',
      'city#m#3',
      'city#r#1',
      'city#m#7',
      'one#m#0',
      'cache#1',
      'cache#2',
      'x',
      'y',
    )
    const sk = fc.constantFrom(
      '!',
      '0',
      '3fff/a',
      '4000/a',
      '7/b',
      '9000/c',
      'c000/d',
      'ffff/e',
      'g',
      'zz',
      '\u{10ffff}',
    )
    const key = fc.record({ pk, sk })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { selector: text, maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        async (keys, pages) => {
          const expected = keys.filter((one) => !['resource', 'ignored'].includes(ownerOf(one, MODELS)))
          for (const stopAfter of [pages, Infinity]) {
            const found = await scan(tableOf(keys), stopAfter)
            expect(found.map(text).sort()).toEqual(expected.map(text).sort())
          }
        },
      ),
    )
  })

  it('reads one item of each partition of a registered model', async () => {
    const shards = [0, 1, 2, 3].flatMap((shard) => [`city#m#${shard}`, `city#r#${shard}`])
    const keys = shards.flatMap((pk) =>
      Array.from({ length: 500 }, (_, k) => ({ pk, sk: `${(Number(pk.slice(-1)) * 4).toString(16)}000/${k}` })),
    )
    const table = tableOf(keys)
    expect(await scan(table)).toEqual([])
    expect([table.requests, table.read]).toEqual([9, 8])
  })

  it('reads large pages of unregistered and of small ignored partitions', async () => {
    const items = Array.from({ length: 10_000 }, (_, k) => ({ pk: 'other', sk: `${k}` }))
    const ignored = Array.from({ length: 10_000 }, (_, k) => ({ pk: `cache#${k}`, sk: 'x' }))
    const table = tableOf([...items, ...ignored])
    expect(await scan(table)).toHaveLength(10_000)
    expect(table.requests).toBeLessThan(40)
    const large = tableOf(ignored.map(({ pk }) => ({ pk: 'cache#1', sk: pk })))
    expect(await scan(large)).toEqual([])
    expect(large.read).toBeLessThan(10)
  })
})
