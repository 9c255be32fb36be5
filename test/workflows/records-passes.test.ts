import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RecordsResult } from '../../shared/export/records.ts'
import { allResults, untyped } from '../../shared/jobs/pass.ts'
import { fill, smallWorld } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

let staged: StagedWorkflows
beforeAll(async () => {
  staged = await StagedWorkflows.start({ limits: { passMs: 0 } })
  await fill(staged.outside, smallWorld(staged.services.models))
})
afterAll(() => staged.stop())

it.each([
  ['nothing', 'nobody', 0],
  ['all', 'alice', 6],
])('an export of a budget of no time stops at every bucket, also where its filters take %s', async (_, user, found) => {
  const { job } = await staged.export(['city'], { created_bys: [user] })
  const results = await allResults(staged.services, job.job_id, untyped<RecordsResult>('export-records'))
  expect(results).toHaveLength(6)
  expect(results.flatMap(({ segments }) => segments.map(({ resources }) => resources))).toHaveLength(found)
})
