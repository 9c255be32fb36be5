import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ResourceKeys } from '../../shared/resources/aws/resource-keys.ts'
import { metadataSortKey } from '../../shared/resources/keys.ts'
import { type Item, type Key, keyOf } from '../../shared/tables/item.ts'
import { putItems } from '../contents.ts'
import type { TestServers } from '../services.ts'

const textOf = ({ pk, sk }: Key): string => `${pk} ${sk}`

/** What every reader of the keys of the resource table must do, whatever server it uses. */
export const resourceKeysContract = (start: () => Promise<TestServers>): void => {
  describe('the keys of the resource table', () => {
    let servers: TestServers
    let keys: ResourceKeys
    const item = (pk: string, sk: string): Item => ({ pk: { S: pk }, sk: { S: sk }, text: { S: 'x'.repeat(100) } })
    const sorted = (ids: readonly string[]): string[] => ids.map(metadataSortKey).sort()

    beforeAll(async () => {
      servers = await start()
      keys = new ResourceKeys(servers.dynamo, servers.config.tables.resources)
    })
    afterAll(() => servers.stop())

    it('are empty for an empty table', async () => {
      expect(await keys.partitionKeys({ max: 0 })).toEqual([])
      expect(await keys.endsOf('a#m#0')).toEqual([])
    })

    it('contain every partition once, however many items it has', async () => {
      const partitions = Array.from({ length: 30 }, (_, k) => `p#m#${k}`)
      const clients = { ...servers, dynamo: servers.dynamo }
      await putItems(
        clients,
        partitions.flatMap((pk) => ['\u{10ffff}'.repeat(255), 'a', 'b', '勇者'].map((sk) => item(pk, sk))),
      )
      expect((await keys.partitionKeys({ max: 30 }))?.sort()).toEqual([...partitions].sort())
      expect(await keys.partitionKeys({ max: 29 })).toBeUndefined()
      // Each segment of the table takes one unit more than it has partitions.
      expect(await keys.partitionKeys({ maxUnits: 34 })).toHaveLength(30)
      expect(await keys.partitionKeys({ maxUnits: 32 })).toBeUndefined()
    })

    it('are returned for both ends of a partition, without damaged ones', async () => {
      const ids = Array.from({ length: 20 }, (_, k) => `id ${k}`)
      await putItems(
        servers,
        [...sorted(ids), '!', '0123/x', 'zzz', `${'0'.repeat(16)}/id 1`, 'ffffffffffffffff'].map((sk) =>
          item('ends#m#0', sk),
        ),
      )
      expect(await keys.endsOf('ends#m#0')).toEqual([sorted(ids)[0], sorted(ids).at(-1)])
      await putItems(servers, [item('one#m#0', metadataSortKey('a'))])
      expect(await keys.endsOf('one#m#0')).toEqual([metadataSortKey('a'), metadataSortKey('a')])
      await putItems(servers, [item('none#m#0', 'a'), item('none#m#0', 'b')])
      expect(await keys.endsOf('none#m#0')).toEqual([])
    })

    it('are read in pages, each of which begins after the last key of the page before it', async () => {
      const all = [...Array.from({ length: 7 }, (_, k) => item('pages#m#0', `${k}`)), item('pages#m#1', 'x')]
      await putItems(servers, all)
      const read: string[] = []
      let page = await keys.page(undefined, 5)
      for (; page.last !== undefined; page = await keys.page(page.last, 5)) read.push(...page.keys.map(textOf))
      read.push(...page.keys.map(textOf))
      expect(new Set(read).size).toBe(read.length)
      expect(read.filter((key) => key.startsWith('pages')).sort()).toEqual(all.map(keyOf).map(textOf).sort())
      const rest = await keys.page({ pk: 'pages#m#0' }, 1000)
      expect(rest.keys.some(({ pk }) => pk === 'pages#m#0')).toBe(false)
    })

    it('can be tested for existence', async () => {
      await putItems(servers, [item('existing#m#0', 'a')])
      const asked = ['a', 'b'].map((sk) => ({ pk: 'existing#m#0', sk }))
      expect(await keys.existing(asked)).toEqual([{ pk: 'existing#m#0', sk: 'a' }])
    })

    it('are searched in a bounded number of items', async () => {
      const damaged = Array.from({ length: 1200 }, (_, k) => item('damaged#m#0', `!${k}`))
      await putItems(servers, [...damaged, item('damaged#m#0', metadataSortKey('a'))])
      expect(await keys.endsOf('damaged#m#0')).toEqual([])
    })
  })
}
