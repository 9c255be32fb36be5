import { afterAll, beforeAll, expect, it } from 'vitest'
import { EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { writeToStore, sampleStore } from './sample-store.ts'
import { WorkflowRunner } from './workflow-runner.ts'

let runner: WorkflowRunner
beforeAll(async () => {
  runner = await WorkflowRunner.start({ limits: { passMs: 0 } })
  await writeToStore(runner.clients, sampleStore(runner.services.models))
})
afterAll(() => runner.stop())

it.each([
  ['no resource', 'nobody', 0],
  ['every resource', 'alice', 6],
])(
  'an export whose passes have no time stops at every digest bucket, also if its filters select %s',
  async (_, user, found) => {
    const { job } = await runner.export(['city'], { created_bys: [user] })
    const results = await allResults(runner.services, job.job_id, EXPORT_RECORDS)
    expect(results).toHaveLength(6)
    expect(results.flatMap(({ segments }) => segments.map(({ resources }) => resources))).toHaveLength(found)
  },
)
