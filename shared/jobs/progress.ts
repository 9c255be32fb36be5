import { z } from 'zod'
import type { JobStore } from './aws/job-store.ts'
import type { Job } from './job.ts'

/** The progress of the running phase: its finished map items, and the sums over its results. */
export interface Progress {
  readonly progress: { readonly done: number; readonly total: number }
  readonly counts: Readonly<Record<string, number>>
}

/** Members of results, or of their segments, that are added up. */
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

/** Phases are named after their stages. Progress needs only the numbers in the results. */
const AnyResult = z.looseObject({})

/** Computes the progress from the phase's results, so that a retry counts nothing twice. `undefined` before the phase is planned. */
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
