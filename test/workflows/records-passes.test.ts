import { expect, it } from 'vitest'
import { EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import type { Item } from '../../shared/tables/item.ts'
import { sampleStore } from './sample-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

const runner = await startRunnerWithSample({ limits: { passMs: 0 } })

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
