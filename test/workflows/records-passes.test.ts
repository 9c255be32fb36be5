import { afterAll, beforeAll, expect, it } from 'vitest'
import { EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { fill, smallWorld } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

let staged: StagedWorkflows
beforeAll(async () => {
  staged = await StagedWorkflows.start({ limits: { passMs: 0 } })
  await fill(staged.outside, smallWorld(staged.services.models))
})
afterAll(() => staged.stop())

it.each([
  ['no resource', 'nobody', 0],
  ['every resource', 'alice', 6],
])(
  'an export whose passes have no time stops at every digest bucket, also if its filters select %s',
  async (_, user, found) => {
    const { job } = await staged.export(['city'], { created_bys: [user] })
    const results = await allResults(staged.services, job.job_id, EXPORT_RECORDS)
    expect(results).toHaveLength(6)
    expect(results.flatMap(({ segments }) => segments.map(({ resources }) => resources))).toHaveLength(found)
  },
)
