import type { ApiClient } from './api-client.ts'
import { Job } from './job.ts'

/** Returns a job. Throws `ProblemError` if there is no such job. */
export const findJob = (api: ApiClient, jobId: string): Promise<Job> =>
  api.request(Job, { method: 'GET', path: `/_backup/jobs/${encodeURIComponent(jobId)}` })
