import type { ApiClient } from './api-client.ts'
import { Job } from './job.ts'

/** Cancels a job and returns it. Throws `ProblemError` if the job has ended with another status. */
export const cancelJob = (api: ApiClient, jobId: string): Promise<Job> =>
  api.request(Job, { method: 'POST', path: `/_backup/jobs/${encodeURIComponent(jobId)}/cancel` })
