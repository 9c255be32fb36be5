import * as z from 'zod'
import { ENDED } from '../../../shared/jobs/job.ts'
import { Problem } from '../../../shared/problems/problem.ts'

/** The members of a job that this command reads. Other members are kept for `--json`. */
export const Job = z.looseObject({
  job_id: z.string(),
  kind: z.string(),
  status: z.string(),
  phase: z.exactOptional(z.string()),
  progress: z.exactOptional(z.object({ done: z.number(), total: z.number() })),
  counts: z.exactOptional(z.record(z.string(), z.number())),
  /** What the phase will have counted when it ends. The numbers may be estimates. */
  expected: z.exactOptional(z.record(z.string(), z.number())),
  throttled: z.exactOptional(
    z.array(z.looseObject({ by: z.string(), operation: z.string(), since: z.string(), attempts: z.number() })),
  ),
  source: z.string(),
  requested_by: z.string(),
  created_at: z.string(),
  started_at: z.exactOptional(z.string()),
  ended_at: z.exactOptional(z.string()),
  slot_expires_at: z.exactOptional(z.string()),
  request: z.exactOptional(
    z.looseObject({
      models: z.exactOptional(z.array(z.string())),
      dry_run: z.exactOptional(z.boolean()),
      on_duplicate: z.exactOptional(z.string()),
    }),
  ),
  result: z.exactOptional(z.unknown()),
  error: z.exactOptional(Problem),
})
export type Job = z.output<typeof Job>

/** A job in the list of jobs. */
export const ListedJob = z.looseObject({
  ...Job.shape,
  duration_seconds: z.exactOptional(z.number()),
  models: z.exactOptional(z.record(z.string(), z.record(z.string(), z.number()))),
  archive: z.exactOptional(z.looseObject({ bucket: z.string(), key: z.string(), size: z.number() })),
})
export type ListedJob = z.output<typeof ListedJob>

/** Returns true if a job has ended. It never changes again. */
export const hasEnded = ({ status }: Pick<Job, 'status'>): boolean => ENDED.some((ended) => ended === status)
