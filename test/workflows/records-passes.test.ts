import { describe, expect, it } from 'vitest'
import { EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { type Item, sortKeyOf } from '../../shared/tables/item.ts'
import { memorySource } from '../archive/memory.ts'
import { readAll } from '../archive/read-all.ts'
import { buildResource, sampleStore } from './sample-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

const runner = await startRunnerWithSample({ limits: { passMs: 0, metadataMs: 0 } })

it.each([
  ['no resource', 'nobody', 0],
  ['every resource', 'alice', 6],
])(
  'an export whose passes have no time stops after every digest bucket, even if its filters select %s',
  async (_, user, found) => {
    const { job } = await runner.export(['city'], { created_bys: [user] })
    const results = await allResults(runner.services, job.job_id, EXPORT_RECORDS)
    expect(results).toHaveLength(6)
    expect(results.flatMap(({ segments }) => segments.map(({ resources }) => resources))).toHaveLength(found)
  },
)

it('an export of many passes lists each omitted resource once, although every pass reads ahead', async () => {
  const { items } = sampleStore(runner.services.models)
  const cities = items.filter(({ pk }) => pk?.S?.startsWith('city#m#'))
  const bad = cities.slice(0, 3).map((item): Item => ({ ...item, updated_by: { N: '1' } }))
  const torn = cities.slice(3, 4).map((item): Item => ({ ...item, current_revision_id: { S: 'none' } }))
  await runner.putItems(...bad, ...torn)
  const { job } = await runner.export(['city'], {}, false)
  expect(await allResults(runner.services, job.job_id, EXPORT_RECORDS)).not.toHaveLength(1)
  const { count, resources } = job.result?.left_out ?? { count: 0, resources: [] }
  const ids = [...bad, ...torn].map((item) => item['resource_id']?.S).sort()
  expect([count, resources.map(({ resource_id }) => resource_id).sort()]).toEqual([4, ids])
  await runner.putItems(...cities)
})

describe('revisions without metadata', () => {
  const cities = (ids: readonly string[]): Item[][] =>
    ids.map((id) => [...buildResource(runner.services.models, { model: 'city', id, payloads: [{ name: id }] }).items])
  const orphans = cities(Array.from({ length: 60 }, (_, k) => `orphan-${k}`)).flatMap((items) => items.slice(1))
  const hashes = (items: readonly Item[]): string[] => items.map((item) => sortKeyOf(item).slice(0, 16)).sort()

  /** Returns the ids of `count` resources whose id hashes are the least of 200 resources. */
  const firstIds = (count: number): string[] =>
    Array.from({ length: 200 }, (_, k) => `city-${k}`)
      .sort((a, b) => (idHashOf(a) < idHashOf(b) ? -1 : 1))
      .slice(0, count)

  it.each([
    ['before, between and after the resources', ['a', 'b', 'c']],
    ['after all resources', firstIds(2)],
    ['if there is no resource', []],
  ])('do not keep a pass from stopping, and are counted once: %s', async (_where, ids) => {
    await runner.wipe()
    const resources = cities(ids)
    await runner.putItems(...resources.flat(), ...orphans)
    const { job, archive } = await runner.export([...runner.services.models.names], {}, false)
    const results = await allResults(runner.services, job.job_id, EXPORT_RECORDS)
    expect(results.length).toBeGreaterThan(10)
    expect(job.result?.unaccounted).toMatchObject({ count: orphans.length, reasons: { no_metadata: orphans.length } })
    const { items } = await readAll(memorySource(archive))
    expect(hashes(items)).toEqual(hashes(resources.flat()))
  })

  it('do not keep a pass from stopping if the export does not count them', async () => {
    await runner.wipe()
    const last = Array.from({ length: 200 }, (_, k) => `city-${k}`).reduce((a, b) =>
      idHashOf(a) > idHashOf(b) ? a : b,
    )
    const resources = cities([last])
    await runner.putItems(...resources.flat(), ...orphans)
    const { job, archive } = await runner.export(['city'])
    expect((await allResults(runner.services, job.job_id, EXPORT_RECORDS)).length).toBeGreaterThan(10)
    expect(hashes((await readAll(memorySource(archive))).items)).toEqual(hashes(resources.flat()))
  })
})
