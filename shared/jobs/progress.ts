import { z } from 'zod'
import type { JobStore } from './aws/job-store.ts'
import type { Job } from './job.ts'

/** The progress of the running phase. `done` and `total` count map items. `counts` are sums over the results. */
export interface Progress {
  readonly progress: { readonly done: number; readonly total: number }
  readonly counts: Readonly<Record<string, number>>
}

/** The names of the members that are added up. They are members of a result, or of its segments. */
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

/** Accepts the result of every stage. Progress reads only the numbers in it. */
const AnyResult = z.looseObject({})

/**
 * Returns the progress of the running phase, or `undefined` before the phase is planned. It is computed from the kept
 * results. A retried pass has one kept result, so it is counted once.
 */
export const progressOf = async (jobs: JobStore, { job_id, phase, planned }: Job): Promise<Progress | undefined> => {
  if (phase === undefined) return undefined
  const total = planned?.[phase]
  if (total === undefined) return undefined
  const counts: Record<string, number> = {}
  let done = 0
  for await (const { result } of jobs.results(job_id, { name: phase, result: AnyResult })) {
    if (result['done'] === true) done += 1
    addCounts(counts, result)
    const segments = result['segments']
    if (Array.isArray(segments)) for (const segment of segments) addCounts(counts, segment)
  }
  return { progress: { done, total }, counts }
}

const addCounts = (counts: Record<string, number>, from: unknown): void => {
  if (typeof from !== 'object' || from === null) return
  for (const [name, value] of Object.entries(from)) {
    if (typeof value === 'number' && COUNTED.includes(name)) counts[name] = (counts[name] ?? 0) + value
  }
}
