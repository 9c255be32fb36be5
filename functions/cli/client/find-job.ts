import type { ApiClient } from './api-client.ts'
import { Job } from './job.ts'
import { jobPath } from './paths.ts'

/** Returns a job. Throws `ProblemError` if there is no such job. */
export const findJob = (api: ApiClient, jobId: string, signal?: AbortSignal): Promise<Job> =>
  api.request(Job, { method: 'GET', path: jobPath(jobId), signal })
