import type { BenchContext, Runner } from '../measure.ts'

export const STRATEGIES = ['skip', 'raise_error', 'overwrite'] as const
export type Strategy = (typeof STRATEGIES)[number]

export const EXPORT_REQUEST = { path: '/_backup/export', body: { wait: 0 } }

export const restoreRequest = (strategy: Strategy, exportJob: string): { path: string; body: object } => ({
  path: `/_backup/import?wait=0&on_duplicate=${strategy}`,
  body: { from: { job_id: exportJob } },
})

/** Measures an export of everything. */
export const exportAll = (context: BenchContext): Promise<Runner> =>
  runnerOf(context, async () => {
    const { path, body } = EXPORT_REQUEST
    const { jobId, seconds, stages } = await context.program.job(path, body)
    context.exportJob = jobId
    return { seconds, stages }
  })

/** Measures a restore of the latest export into an empty store, with its verification. */
export const restoreAll =
  (strategy: Strategy) =>
  (context: BenchContext): Promise<Runner> =>
    runnerOf(context, async () => {
      if (context.exportJob === undefined) throw new Error('a restore is measured only after an export')
      const { path, body } = restoreRequest(strategy, context.exportJob)
      const { seconds, stages } = await context.program.job(path, body)
      return { seconds, stages }
    })

const runnerOf = ({ program }: BenchContext, run: Runner['run']): Promise<Runner> =>
  Promise.resolve({ pids: { program: program.pid }, run, stop: () => Promise.resolve() })
