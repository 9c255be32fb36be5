import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { RESULT_COUNTERS } from '../../functions/http/result-counters.ts'
import { type Counts, progressOf } from '../../shared/jobs/progress.ts'
import { fixture, TestProgram } from './program.ts'

let program: TestProgram
beforeAll(async () => {
  program = await TestProgram.start()
})
afterAll(() => program.stop())

/**
 * Runs a job. Returns its result, the counts that it expected in each phase, and the counts at the end of each phase.
 */
const run = async (path: string, body?: Buffer | object) => {
  const plan = vi.spyOn(program.program.services.jobs, 'plan')
  const answer = await program.requestAndWait('POST', path, body)
  expect(answer.status).toBe(200)
  const { calls } = plan.mock
  const expected = Object.fromEntries(calls.map(([, phase, , counts]) => [phase, counts]))
  const counts: Record<string, Counts | undefined> = {}
  for (const [job_id, phase, total] of calls) {
    const job = { job_id, phase, planned: { [phase]: total } }
    counts[phase] = (await progressOf(program.program.services.jobs, job, RESULT_COUNTERS))?.counts
  }
  plan.mockRestore()
  return { body: answer.body, expected, counts }
}

describe('the expected counts of a job', () => {
  it('are those of the manifest in a restore', async () => {
    const { expected, counts } = await run('/_backup/import', await fixture('catalogue-v3.acbak'))
    expect(expected['preflight']).toMatchObject({ resources: 122 })
    expect(expected['apply-records']).toEqual({ resources: 122 })
    expect(expected['preflight-blobs']?.['blobs']).toBeGreaterThan(0)
    expect(expected['verify']).toEqual({ resources: 122, blobs: expected['preflight-blobs']?.['blobs'] })
    for (const phase of ['preflight', 'preflight-blobs', 'apply-blobs', 'verify'])
      expect({ phase, ...counts[phase] }).toMatchObject({ phase, ...expected[phase] })
  })

  it('of a restore include skipped resources, and only the blobs that it writes', async () => {
    const { expected, counts } = await run('/_backup/import?on_duplicate=skip', await fixture('catalogue-v3.acbak'))
    expect(expected['apply-blobs']).toEqual({ written: 0 })
    expect(counts['apply-records']).toEqual({ loaded: 0, skipped: 122 })
    expect(expected['verify']).toMatchObject({ resources: 122 })
    expect(counts['verify']).toEqual(expected['verify'])
  })

  it('are estimates in an export, and the size of the archive is exact', async () => {
    const { body, expected, counts } = await run('/_backup/export')
    const { archive } = z.object({ archive: z.object({ size: z.number() }) }).parse(body)
    // The sample contains all resources of small models.
    const { resources = 0 } = z.record(z.string(), z.number()).parse(expected['export-records'])
    expect(resources).toBeGreaterThan(60)
    expect(resources).toBeLessThan(250)
    expect(expected['compose-parts']).toEqual({ bytes: archive.size })
    // One pass has found all references, so nothing must be estimated.
    expect(expected['export-blobs']?.['blobs']).toBeGreaterThan(0)
    expect(counts['export-blobs']).toMatchObject({ ...expected['export-blobs'] })
  })

  it('are unknown if filters select the resources', async () => {
    const exported = await run('/_backup/export', { is_deleted: 'false' })
    expect(exported.expected['export-records']).toBeUndefined()
    const restored = await run('/_backup/import?is_deleted=false', await fixture('catalogue-v3.acbak'))
    expect(restored.expected['preflight']).toBeUndefined()
    expect(restored.expected['preflight-blobs']).toBeUndefined()
    expect(restored.counts['apply-blobs']).toEqual(restored.expected['apply-blobs'])
  })
})
