import { describe, expect, it } from 'vitest'
import { jobAnswer } from '../../../functions/http/job-answers.ts'
import type { Job } from '../../../shared/jobs/job.ts'
import type { JobViewServices } from '../../../functions/http/job-view.ts'

describe('jobAnswer', () => {
  it('names the job instead of a request if a failed job has no stored error', async () => {
    const job = { job_id: 'j1', kind: 'export', status: 'failed' } as Job
    const services = { clock: () => new Date(0) } as JobViewServices
    expect(await jobAnswer(services, job)).toMatchObject({
      status: 500,
      body: {
        detail: 'job j1 failed, but its error was not stored; search the logs for this job id',
        instance: '/_backup/jobs/j1',
      },
    })
  })
})
