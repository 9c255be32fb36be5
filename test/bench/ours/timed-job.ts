import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'

const Started = z.object({ job_id: z.string() })
const Job = z.object({
  status: z.string(),
  created_at: z.string(),
  ended_at: z.string().optional(),
  error: z.object({ detail: z.string() }).optional(),
  result: z.unknown().optional(),
})

interface TimedJob {
  readonly jobId: string
  /** The time from the creation of the job to its end. */
  readonly seconds: number
  readonly result: unknown
}

/** A poll costs the program 2 ms. The times of a job do not depend on the polls. */
const POLL_MS = 100

/** Starts a job through the API and waits for its end. Throws unless the job succeeds. */
export const timedJob = async (url: string, path: string, body: object): Promise<TimedJob> => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST ${path} returned status ${response.status}: ${text.slice(0, 500)}`)
  const { job_id: jobId } = Started.parse(JSON.parse(text))
  for (;;) {
    await sleep(POLL_MS)
    const job = Job.parse(await (await fetch(`${url}/_backup/jobs/${jobId}`)).json())
    if (job.ended_at === undefined) continue
    if (job.status !== 'succeeded')
      throw new Error(`job ${jobId} has the status ${job.status}: ${job.error?.detail ?? ''}`)
    const seconds = (Date.parse(job.ended_at) - Date.parse(job.created_at)) / 1000
    return { jobId, seconds, result: job.result }
  }
}
