import { afterAll, beforeAll, expect, it } from 'vitest'
import { startExport } from '../../shared/export/start-export.ts'
import { unfinishedUploads } from '../contents.ts'
import { smallStore } from './small-store.ts'
import { FaultyWorld } from './world.ts'

let world: FaultyWorld
beforeAll(async () => {
  world = await FaultyWorld.start()
})
afterAll(() => world.stop())

it('a spilled payload that is not what its SHA-256 says fails an export, strict or not, and is named', async () => {
  const { items, objects } = await smallStore(world)
  const payload = [...objects.keys()].find((key) => key.startsWith('payloads/')) ?? ''
  const other = Buffer.alloc(Buffer.from(objects.get(payload) ?? '', 'base64').length, 'y').toString('base64')
  await world.putContents({ items, objects: new Map([...objects, [payload, other]]) })
  for (const strict of [true, false]) {
    const job = await world.run((services) =>
      startExport(
        services,
        { models: ['guild', 'item'], filters: {}, strict, format: 'acbak' },
        { requestedBy: 'test' },
      ),
    )
    expect(job).toMatchObject({ status: 'failed', error: { type: 'blobs-missing', status: 409 } })
    expect(job.error?.detail).toContain(payload)
  }
  expect(await unfinishedUploads(world.outside)).toEqual([])
})
