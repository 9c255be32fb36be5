import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { JobStatus } from '../../shared/jobs/job.ts'
import { PassResult, runPass } from '../../shared/jobs/pass.ts'
import type { Stage } from '../../shared/jobs/stage.ts'
import { JobCancelledError } from '../../shared/jobs/errors.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import type { Services } from '../../shared/runtime/services.ts'

/** A job table with one job. It returns the results that passes keep. */
const tableOf = (job: { status: JobStatus; reads: number; fails?: boolean }): Pick<Services, 'jobs' | 'limits'> => {
  const jobs = {
    getStatus: () => {
      job.reads += 1
      return job.fails === true && job.reads < 3 ? Promise.reject(new Error('throttled')) : Promise.resolve(job.status)
    },
    getResult: () => Promise.resolve(undefined),
    keepResult: (_job: string, _stage: string, _n: number, _pass: number, result: object) => Promise.resolve(result),
  }
  return { jobs: jobs as unknown as Services['jobs'], limits: { ...LIMITS, watchMs: 5 } }
}

const INPUT = { job_id: 'j', n: 0, pass: 0 }
const STAGE: Stage<PassResult> = { name: 'export-records', result: PassResult }

describe('a pass', () => {
  it.each([false, true])(
    'stops at the next border after its job was cancelled (a read of the status failed before: %s)',
    async (fails) => {
      const job = { status: 'running' as JobStatus, reads: 0, fails }
      let borders = 0
      const pass = runPass(STAGE, INPUT, tableOf(job), async ({ timeIsUp }) => {
        for (; !timeIsUp(); borders++) {
          if (borders === 5) job.status = 'cancelled'
          await sleep(2)
        }
        return { done: false, cursor: 'never' }
      })
      await expect(pass).rejects.toThrow(JobCancelledError)
      expect(borders).toBeGreaterThan(5)
      const { reads } = job
      await sleep(30)
      expect(job.reads).toBe(reads)
    },
  )

  it('continues while its job is running', async () => {
    const job = { status: 'running' as JobStatus, reads: 0 }
    const output = await runPass(STAGE, INPUT, tableOf(job), async ({ timeIsUp }) => {
      await sleep(30)
      return { done: !timeIsUp() }
    })
    expect(output).toMatchObject({ more: false, pass: 1 })
    expect(job.reads).toBeGreaterThan(1)
  })
})
