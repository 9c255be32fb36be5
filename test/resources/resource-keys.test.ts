import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ResourceKeys } from '../../shared/resources/aws/resource-keys.ts'
import { metadataSortKey } from '../../shared/resources/keys.ts'
import type { Item } from '../../shared/tables/item.ts'
import { putItems } from '../contents.ts'
import { startServices, type TestServers } from '../services.ts'

describe('the keys of the resource table', () => {
  let servers: TestServers
  let keys: ResourceKeys
  const item = (pk: string, sk: string): Item => ({ pk: { S: pk }, sk: { S: sk }, text: { S: 'x'.repeat(100) } })
  const sorted = (ids: readonly string[]): string[] => ids.map(metadataSortKey).sort()

  beforeAll(async () => {
    servers = await startServices()
    keys = new ResourceKeys(servers.dynamo, servers.config.tables.resources)
  })
  afterAll(() => servers.stop())

  it('are empty for an empty table', async () => {
    expect(await keys.partitionKeys(0)).toEqual([])
    expect(await keys.endsOf('a#m#0')).toEqual([])
  })

  it('contain every partition once, however many items it has', async () => {
    const partitions = Array.from({ length: 30 }, (_, k) => `p#m#${k}`)
    const clients = { ...servers, dynamo: servers.dynamo }
    await putItems(
      clients,
      partitions.flatMap((pk) => ['\u{10ffff}'.repeat(255), 'a', 'b', '勇者'].map((sk) => item(pk, sk))),
    )
    expect((await keys.partitionKeys(30))?.sort()).toEqual([...partitions].sort())
    expect(await keys.partitionKeys(29)).toBeUndefined()
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

  it('are searched in a bounded number of items', async () => {
    const damaged = Array.from({ length: 1200 }, (_, k) => item('damaged#m#0', `!${k}`))
    await putItems(servers, [...damaged, item('damaged#m#0', metadataSortKey('a'))])
    expect(await keys.endsOf('damaged#m#0')).toEqual([])
  })
})
