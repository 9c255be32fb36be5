import { z } from 'zod'
import type { Job } from './job.ts'
import type { JobStore } from './aws/job-store.ts'

/** How far the phase is that runs: its children, and the sums over their results. */
export interface Progress {
  readonly progress: { readonly done: number; readonly total: number }
  readonly counts: Readonly<Record<string, number>>
}

/** What a result may count, at its top level or of each of its segments. */
const COUNTED = [
  'resources',
  'revisions',
  'blobs',
  'bytes',
  'missing',
  'loaded',
  'skipped',
  'checked',
  'new',
  'changed',
  'same',
]

/** Progress of the running phase: a query over its results, nothing is counted up. Undefined before anything is planned. */
export const progressOf = async (jobs: JobStore, job: Job): Promise<Progress | undefined> => {
  const { phase } = job
  if (phase === undefined) return undefined
  const total = job.planned?.[phase]
  if (total === undefined) return undefined
  const counts: Record<string, number> = {}
  let done = 0
  for await (const { result } of jobs.results(job.job_id, { name: phase, result: AnyResult })) {
    if (result['done'] === true) done += 1
    addCounts(counts, result)
    const segments: unknown = result['segments']
    if (Array.isArray(segments)) for (const segment of segments) addCounts(counts, segment)
  }
  return { progress: { done, total }, counts }
}

/** Phases and stages share their names; progress needs only the numbers in the results. */
const AnyResult = z.looseObject({})

const addCounts = (counts: Record<string, number>, from: unknown): void => {
  if (typeof from !== 'object' || from === null) return
  for (const [name, value] of Object.entries(from)) {
    if (typeof value === 'number' && COUNTED.includes(name)) counts[name] = (counts[name] ?? 0) + value
  }
}
