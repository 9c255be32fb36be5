import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { fixture, TestProgram } from './program.ts'

let program: TestProgram
beforeAll(async () => {
  program = await TestProgram.start()
})
afterAll(() => program.stop())

/** Runs a job, and returns its result and the counts that it expected in each phase. */
const run = async (path: string, body?: Buffer | object) => {
  const plan = vi.spyOn(program.program.services.jobs, 'plan')
  const answer = await program.requestAndWait('POST', path, body)
  expect(answer.status).toBe(200)
  const expected = Object.fromEntries(plan.mock.calls.map(([, phase, , counts]) => [phase, counts]))
  plan.mockRestore()
  return { body: answer.body, expected }
}

describe('the expected counts of a job', () => {
  it('are those of the manifest in a restore', async () => {
    const { expected } = await run('/_backup/import', await fixture('catalogue-v3.acbak'))
    expect(expected['preflight']).toMatchObject({ resources: 122 })
    expect(expected['apply-records']).toEqual({ resources: 122 })
  })

  it('are estimates in an export, and the size of the archive is exact', async () => {
    const { body, expected } = await run('/_backup/export')
    const { archive } = z.object({ archive: z.object({ size: z.number() }) }).parse(body)
    // The sample contains all resources of small models.
    const { resources = 0 } = z.record(z.string(), z.number()).parse(expected['export-records'])
    expect(resources).toBeGreaterThan(60)
    expect(resources).toBeLessThan(250)
    expect(expected['compose-parts']).toEqual({ bytes: archive.size })
  })

  it('are unknown if filters select the resources', async () => {
    const exported = await run('/_backup/export', { is_deleted: 'false' })
    expect(exported.expected['export-records']).toBeUndefined()
    const restored = await run('/_backup/import?is_deleted=false', await fixture('catalogue-v3.acbak'))
    expect(restored.expected['preflight']).toBeUndefined()
  })
})
