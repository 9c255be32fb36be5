import * as z from 'zod'
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../../infra/local/processes/node-flags.ts'
import { EXPORT_REQUEST, restoreRequest } from '../ours/jobs.ts'
import { timedJob } from '../ours/timed-job.ts'
import { WorkerUsage } from '../ours/worker-pool.ts'
import { BenchProcess } from '../processes/bench-process.ts'
import { type BenchServices, deleteArchives, emptyStore } from '../services.ts'
import { writeContent } from './content.ts'
import type { SizeResult } from './result.ts'
import type { MemorySize } from './sizes.ts'

const Exported = z.object({ archive: z.object({ size: z.number() }) })

/**
 * Runs an export, its restore, the export of a SpecStar stream and the conversion of the stream, and returns the peak
 * memory of each worker stage. `bundles` is the folder of the bundles. The store is empty afterwards.
 */
export const measureSize = async (
  services: BenchServices,
  bundles: string,
  size: MemorySize,
  log: (line: string) => void,
): Promise<SizeResult> => {
  const { stores, env } = services
  const began = performance.now()
  const program = await BenchProcess.start({
    entry: new URL('worker-program.ts', import.meta.url),
    args: [bundles],
    flags: NODE_FLAGS,
    env: { ...env, ...NODE_ENVIRONMENT },
  })
  try {
    const url = await program.request('url', {}, z.string())
    const jobs: Record<string, WorkerUsage> = {}
    const run = async (name: string, path: string, body: object): Promise<Awaited<ReturnType<typeof timedJob>>> => {
      const job = await timedJob(url, path, body)
      jobs[name] = await program.request('take', {}, WorkerUsage)
      log(`${name}: ${job.seconds.toFixed(0)} s`)
      return job
    }
    const resources = await writeContent(stores, size)
    log(`${resources} resources have been written`)
    const exported = await run('export', EXPORT_REQUEST.path, EXPORT_REQUEST.body)
    for (const strategy of size.strategies) {
      await emptyStore(stores)
      const { path, body } = restoreRequest(strategy, exported.jobId)
      await run(`restore ${strategy}`, path, body)
    }
    // The disk need not hold the archive, the stream and the converted archive at the same time.
    await deleteArchives(stores)
    const streamed = await run('export of a stream', EXPORT_REQUEST.path, {
      ...EXPORT_REQUEST.body,
      format: 'specstar',
    })
    const { path, body } = restoreRequest('overwrite', streamed.jobId)
    // A dry run converts and checks the stream. The other stages are those of the restore above.
    await run('dry run of a stream', `${path}&dry_run=true`, body)
    return {
      resources,
      archive_bytes: Exported.parse(exported.result).archive.size,
      stream_bytes: Exported.parse(streamed.result).archive.size,
      seconds: (performance.now() - began) / 1000,
      jobs,
    }
  } finally {
    await program.stop()
    await deleteArchives(stores)
    await emptyStore(stores)
  }
}
