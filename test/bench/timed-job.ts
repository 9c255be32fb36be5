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

/** The duration of a job from its creation to its end, and of each of its phases in order. */
export interface TimedJob {
  readonly jobId: string
  readonly seconds: number
  readonly phases: Readonly<Record<string, number>>
}

/** The precision of phase durations. A poll costs the program 2 ms. */
const POLL_MS = 40

/** Starts a job through the API and waits for its end. Throws unless the job succeeds. */
export const timedJob = async (url: string, path: string, body: object): Promise<TimedJob> => {
  const start = performance.now()
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { job_id: jobId } = Started.parse(await response.json())
  const phases: Record<string, number> = {}
  let phase = 'begin'
  let phaseStart = start
  for (;;) {
    const job = Job.parse(await (await fetch(`${url}/_backup/jobs/${jobId}`)).json())
    const now = performance.now()
    const ended = job.ended_at !== undefined
    if (ended || (job.phase ?? phase) !== phase) {
      phases[phase] = (now - phaseStart) / 1000
      phaseStart = now
      phase = job.phase ?? phase
    }
    if (ended) {
      if (job.status !== 'succeeded')
        throw new Error(`job ${jobId} has the status ${job.status}: ${job.error?.detail ?? ''}`)
      return { jobId, seconds: (Date.parse(job.ended_at ?? '') - Date.parse(job.created_at)) / 1000, phases }
    }
    await sleep(POLL_MS)
  }
}
