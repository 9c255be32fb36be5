import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

const Started = z.object({ job_id: z.string() })
const Job = z.object({
  status: z.string(),
  phase: z.string().optional(),
  created_at: z.string(),
  ended_at: z.string().optional(),
  error: z.object({ detail: z.string() }).optional(),
})

/** A finished job: seconds from its making to its end, and of each phase in order. */
export interface TimedJob {
  readonly jobId: string
  readonly seconds: number
  readonly phases: Readonly<Record<string, number>>
}

/** Phases are told apart to about this; a poll takes the program 2 ms. */
const POLL_MS = 40

/** Starts a job by the program's door and waits for its end. Throws where it does not succeed. */
export const timedJob = async (url: string, path: string, body: object): Promise<TimedJob> => {
  const began = performance.now()
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { job_id: jobId } = Started.parse(await response.json())
  const phases: Record<string, number> = {}
  let phase = 'begin'
  let since = began
  for (;;) {
    const job = Job.parse(await (await fetch(`${url}/_backup/jobs/${jobId}`)).json())
    const now = performance.now()
    const ended = job.ended_at !== undefined
    if (ended || (job.phase ?? phase) !== phase) {
      phases[phase] = (now - since) / 1000
      since = now
      phase = job.phase ?? phase
    }
    if (ended) {
      if (job.status !== 'succeeded') throw new Error(`job ${jobId} ended ${job.status}: ${job.error?.detail ?? ''}`)
      return { jobId, seconds: (Date.parse(job.ended_at ?? '') - Date.parse(job.created_at)) / 1000, phases }
    }
    await sleep(POLL_MS)
  }
}
