import { afterEach, expect, it } from 'vitest'
import { idHashOf } from '../../shared/resources/keys.ts'
import type { Item } from '../../shared/tables/item.ts'
import { craftItems } from '../archive/craft.ts'
import { buildResource } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()
afterEach(() => runner.wipe())

/** From this stage on, each pass ends at the first border between digest buckets. */
const endPassesEarly = (stage: string): void => {
  runner.beforeStage(stage, () => runner.deploy({}, { passMs: 0 }))
}

/** Four ids whose id hashes are in the same digest bucket, in the order of an archive, after all ids of `BEFORE`. */
const SAME_BUCKET = ((): string[] => {
  const byBucket = new Map<string, string[]>()
  for (let k = 0; ; k++) {
    const id = `r${k}`
    const bucket = idHashOf(id).slice(0, 4)
    const ids = [...(byBucket.get(bucket) ?? []), id]
    if (bucket > '2000' && ids.length === 4) return ids.sort((a, b) => (idHashOf(a) < idHashOf(b) ? -1 : 1))
    byBucket.set(bucket, ids)
  }
})()
const BEFORE = Array.from({ length: 1000 }, (_, k) => `before-${k}`)
  .filter((id) => idHashOf(id) < '2')
  .slice(0, 3)

const city = (id: string): Item[] => [
  ...buildResource(runner.services.models, { model: 'city', id, payloads: [{ name: id }] }).items,
]

it.each(['skip', 'overwrite'] as const)(
  'a pass that resumes in a bucket with left-out resources does not mix them up with other resources, with %s',
  async (on_duplicate) => {
    const [torn = '', faulty = '', created = '', existing = ''] = SAME_BUCKET
    const withoutId = city(faulty).map((item) => ({ ...item, resource_id: { N: '1' } }))
    const sound = [...BEFORE, created, existing]
    const archive = craftItems('city', [...sound.map(city), city(torn).slice(0, 1), withoutId])
    await runner.putItems(...city(existing))
    endPassesEarly('apply-records')
    const restored = await runner.restore(archive, { strict: false, on_duplicate })
    const skipped = on_duplicate === 'skip' ? 1 : 0
    expect(restored).toMatchObject({
      status: 'partial',
      result: { models: { city: { loaded: sound.length - skipped, skipped } }, left_out: { count: 2 } },
    })
    expect(await runner.readReport(restored)).toMatchObject({ passed: true })
    const stored = [...(await runner.contents()).items.values()].map((item) => item['resource_id']?.S)
    expect([...new Set(stored)].sort()).toEqual(sound.toSorted())
  },
)

it('revisions without metadata that begin a bucket are counted by one pass', async () => {
  const [orphan = '', ...others] = SAME_BUCKET
  const archive = craftItems('city', [...[...BEFORE, ...others].map(city), city(orphan).slice(1)])
  endPassesEarly('preflight')
  expect(await runner.restore(archive, { strict: false })).toMatchObject({
    status: 'partial',
    result: { models: { city: { loaded: BEFORE.length + others.length } }, left_out: { count: 1 } },
  })
})
