import * as z from 'zod'
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../../infra/local/processes/node-flags.ts'
import { restoredSizes } from '../content/stored-sizes.ts'
import type { BenchContext } from '../measure.ts'
import { BenchProcess } from '../processes/bench-process.ts'
import { costPerMillion } from '../results/cost.ts'
import { type Least, leastExport, leastRestore } from '../results/least.ts'
import type { CountedJob } from '../results/result.ts'
import { emptyStore } from '../services.ts'
import { StageCalls } from './call-counter.ts'
import { EXPORT_REQUEST, restoreRequest, type Strategy } from './jobs.ts'
import { timedJob } from './timed-job.ts'
import { WorkerUsage } from './worker-pool.ts'

const Taken = z.object({ stages: z.record(z.string(), StageCalls), workers: WorkerUsage })

/**
 * Runs an export, and a restore with each strategy, once more, with proxies that count their calls and with workers in
 * processes of their own. `bundles` is the folder of the bundles of the workers. Before and after, the store contains
 * the items that a restore has written.
 */
export const countJobs = async (
  { services, sizes }: Pick<BenchContext, 'services' | 'sizes'>,
  bundles: string,
  strategies: readonly Strategy[],
): Promise<Record<string, CountedJob>> => {
  const { endpoints, env, isDynalite, stores } = services
  const settings = { bundles, dynamo: endpoints.dynamo, s3: endpoints.s3, halvesScans: isDynalite }
  const program = await BenchProcess.start({
    entry: new URL('counted-program.ts', import.meta.url),
    args: [JSON.stringify(settings)],
    flags: NODE_FLAGS,
    env: { ...env, ...NODE_ENVIRONMENT },
  })
  const counted: Record<string, CountedJob> = {}
  try {
    const url = await program.request('url', {}, z.string())
    const count = async (name: string, path: string, body: object, least: Least): Promise<string> => {
      const { jobId } = await timedJob(url, path, body)
      const taken = await program.request('take', {}, Taken)
      counted[name] = { ...taken, least, cost_per_million: costPerMillion(taken, sizes.resources) }
      return jobId
    }
    const exported = await count('export', EXPORT_REQUEST.path, EXPORT_REQUEST.body, leastExport(restoredSizes(sizes)))
    for (const strategy of strategies) {
      await emptyStore(stores)
      const { path, body } = restoreRequest(strategy, exported)
      await count(`restore ${strategy}`, path, body, leastRestore(sizes, strategy))
    }
  } finally {
    await program.stop()
  }
  return counted
}
