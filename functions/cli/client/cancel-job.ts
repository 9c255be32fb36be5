import type { ApiClient } from './api-client.ts'
import { Job } from './job.ts'
import { jobPath } from './paths.ts'

/** Cancels a job and returns it. Throws `ProblemError` if the job has ended with another status. */
export const cancelJob = (api: ApiClient, jobId: string, signal?: AbortSignal): Promise<Job> =>
  api.request(Job, { method: 'POST', path: jobPath(jobId, 'cancel'), signal })
