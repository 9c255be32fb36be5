import { hasEnded } from './phases.ts'

const LIVE_MS = 1_500
const IDLE_MS = 10_000

/** Returns the time until the jobs are requested again: soon if one of them is running, otherwise later. */
export const pollMs = (jobs: readonly { readonly status: string }[]): number =>
  jobs.some((job) => !hasEnded(job) && job.status !== 'awaiting_upload') ? LIVE_MS : IDLE_MS
