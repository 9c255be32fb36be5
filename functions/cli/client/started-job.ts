import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import type { ApiClient } from './api-client.ts'
import type { ApiRequest } from './send-request.ts'

/** The response to a request that has started a job: the job, or its result if it has ended already. */
const StartedJob = z.looseObject({ job_id: z.string(), status: z.string() })

/**
 * Sends a request that starts a job, and returns the job id without waiting for its end. The request has an
 * `Idempotency-Key`, so that repeated attempts start one job.
 */
export const startJob = async (api: ApiClient, { path, query, body }: Omit<ApiRequest, 'method'>): Promise<string> => {
  const { job_id } = await startWith(api, StartedJob, { path, query, body })
  return job_id
}

/** Like `startJob`, but returns the response, which `schema` parses. */
export const startWith = <Schema extends z.ZodType>(
  api: ApiClient,
  schema: Schema,
  { path, query, body }: Omit<ApiRequest, 'method'>,
): Promise<z.output<Schema>> =>
  api.request(schema, {
    method: 'POST',
    path,
    query: { ...query, wait: '0' },
    body,
    headers: { 'idempotency-key': `specstar-backup-${randomUUID()}` },
  })
