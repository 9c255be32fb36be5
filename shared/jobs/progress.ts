import type { JobStore } from './aws/job-store.ts'
import type { Job } from './job.ts'
import type { PassResult } from './pass.ts'
import type { Stage } from './stage.ts'
import type { StageName } from './stage-names.ts'

/** The names of the counts of a job's progress. `functions/API.md` describes them. */
export const COUNT_NAMES = [
  'resources',
  'revisions',
  'blobs',
  'bytes',
  'missing',
  'unaccounted',
  'written',
  'loaded',
  'skipped',
  'new',
  'changed',
  'same',
] as const
type CountName = (typeof COUNT_NAMES)[number]
export type Counts = Readonly<Partial<Record<CountName, number>>>

/**
 * The progress of the running phase. `done` and `total` are numbers of map items. `counts` contains sums over all
 * results.
 */
export interface Progress {
  readonly progress: { readonly done: number; readonly total: number }
  readonly counts: Counts
  /** The counts at the end of the phase. They may be estimates. Absent if none is known. */
  readonly expected?: Counts
}

export type ResultStore = Pick<JobStore, 'results'>

/** Adds up the results of one stage. `done` is the number of finished map items. */
export interface ResultCounter {
  readonly stage: StageName
  readonly count: (jobs: ResultStore, jobId: string) => Promise<{ readonly done: number; readonly counts: Counts }>
}

/**
 * Returns the counter of a stage. `countsOf` returns the counts of one result. If map items of earlier rounds count
 * too, `doneBefore` returns the number of those that are finished.
 */
export const resultCounter = <Result extends PassResult>(
  stage: Stage<Result>,
  countsOf: (result: Result) => Counts,
  doneBefore: (jobs: ResultStore, jobId: string) => Promise<number> = () => Promise.resolve(0),
): ResultCounter => ({
  stage: stage.name,
  count: async (jobs, jobId) => {
    let done = await doneBefore(jobs, jobId)
    let counts: Counts = {}
    for await (const { result } of jobs.results(jobId, stage)) {
      if (result.done) done += 1
      counts = sumCounts([counts, countsOf(result)])
    }
    return { done, counts }
  },
})

/** Adds up the counts of the same name. */
export const sumCounts = (all: readonly Counts[]): Counts => {
  const sums = new Map<string, number>()
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count)
  return Object.fromEntries(sums)
}

/**
 * Returns the progress of the running phase. Returns `undefined` if the phase is not yet planned or has no counter. The
 * progress is computed from the stored results. Even if a pass is attempted several times, it has one stored result and
 * is counted once.
 */
export const progressOf = async (
  jobs: ResultStore,
  { job_id, phase, planned, expected = {} }: Pick<Job, 'job_id' | 'phase' | 'planned' | 'expected'>,
  counters: readonly ResultCounter[],
): Promise<Progress | undefined> => {
  const counter = counters.find(({ stage }) => stage === phase)
  if (counter === undefined) return undefined
  const total = planned?.[counter.stage]
  if (total === undefined) return undefined
  const { done, counts } = await counter.count(jobs, job_id)
  return { progress: { done, total }, counts, ...(Object.keys(expected).length === 0 ? {} : { expected }) }
}
