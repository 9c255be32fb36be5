import { readFile } from 'node:fs/promises'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { fixture } from './program.ts'
import { specstarFile } from './specstar-listing.ts'
import { startRunner } from './start-runner.ts'
import { callWithStage, throttleCalls } from './throttled-calls.ts'

const runner = await startRunner({ callStage: callWithStage })

/** The checks of a report, with the number of things that each of them has checked. */
const checked = (checks: Readonly<Record<string, { readonly checked: number }>> = {}): Record<string, number> =>
  Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, check.checked]))

describe('a check of an intact archive', () => {
  it('succeeds with the counts of each model and a report', async () => {
    const archive = await fixture('catalogue-v3.acbak')
    const job = await runner.check(archive)
    expect(job).toMatchObject({ kind: 'check', status: 'succeeded', phase: 'report' })
    expect(job.error).toBeUndefined()
    expect(job.result).toMatchObject({
      models: {
        character: { resources: 47, revisions: 138, blobs: 48 },
        guild: { resources: 12, revisions: 39 },
        item: { resources: 63, revisions: 139 },
      },
      bytes: archive.length,
      verification: { passed: true, proved: true },
      missing_blobs: { count: 0, ids: [] },
    })
    const report = await runner.readCheckReport(job)
    expect(report).toMatchObject({ job_id: job.job_id, passed: true, proved: true, missing_blobs: [] })
    expect(checked({ ...report?.checks })).toEqual({
      counts: 122 + 316 + 84,
      content: 122,
      revisions: 316,
      blobs: 84,
      blob_references: 87,
    })
  })
})
