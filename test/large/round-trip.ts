import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiClient, exportResult, type Job, type Report } from '../../infra/local/demo/api-client.ts'
import type { ProcessMemory } from '../../infra/local/demo/memory.ts'
import { type DemoProgram, startDemoProgram } from '../../infra/local/demo/demo-program.ts'
import { digestOf, snapshotOf } from '../../infra/local/demo/snapshot.ts'
import { writeResources } from '../../infra/local/seed/seed-store.ts'
import { type LocalStores, openLocalStores } from '../../infra/local/stores/local-stores.ts'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { largeSample, type Size } from './sample.ts'

const PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url))

/** One measured step: its time and the peak memory of each process of the program. */
interface Step {
  readonly name: string
  readonly seconds: number
  readonly memory: readonly ProcessMemory[]
}

/** The size and the digest of a store, read with AWS clients. */
interface StoreSummary {
  readonly items: number
  readonly itemBytes: number
  readonly blobs: number
  readonly blobBytes: number
  /** SHA-256 of all keys and contents. */
  readonly digest: string
}

export interface RoundTrip {
  readonly size: Size
  readonly before: StoreSummary
  readonly after: StoreSummary
  readonly archiveBytes: number
  readonly report: Report
  readonly steps: readonly Step[]
}

/**
 * Writes sample data, exports it, wipes the store and restores it, with the local program as `npm start` runs it. The
 * program is restarted on the same folder for each step, so that a memory peak belongs to one step.
 */
export const roundTrip = async (
  size: Size,
  log: (line: string) => void,
  format: 'acbak' | 'specstar' = 'acbak',
): Promise<RoundTrip> => {
  const folder = await mkdtemp(join(tmpdir(), 'specstar-large-'))
  const steps: Step[] = []
  const step = async <T>(name: string, work: (program: DemoProgram, stores: LocalStores) => Promise<T>): Promise<T> => {
    const program = await startDemoProgram(folder, PROGRAM)
    try {
      const stores = await openLocalStores(program.env)
      const start = performance.now()
      const result = await work(program, stores)
      const seconds = (performance.now() - start) / 1000
      steps.push({ name, seconds, memory: await program.peakMemory() })
      log(`${name}: ${seconds.toFixed(1)} s`)
      return result
    } catch (error) {
      log(program.errors())
      throw error
    } finally {
      await program.stop()
    }
  }
  try {
    await step('seed', (_, stores) => writeResources(stores, largeSample(stores.models, size), () => undefined))
    const before = await step('read', (_, stores) => summaryOf(stores))
    const exported = await step('export', async ({ url }) => {
      const api = new ApiClient(url)
      const jobId = await api.startExport(format)
      return { jobId, result: exportResult(await api.waitForJob(jobId, logPhases(log))) }
    })
    await step('wipe', (_, stores) => wipe(stores))
    const report = await step('restore', async ({ url }) => {
      const api = new ApiClient(url)
      const jobId = await api.startRestore(exported.jobId)
      await api.waitForJob(jobId, logPhases(log))
      return api.report(jobId)
    })
    const after = await step('read again', (_, stores) => summaryOf(stores))
    return { size, before, after, archiveBytes: exported.result.archive.size, report, steps }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const summaryOf = async ({ dynamo, s3, config }: LocalStores): Promise<StoreSummary> => {
  const { items, blobs, itemBytes, blobBytes } = await snapshotOf(
    dynamo,
    config.tables.resources,
    s3,
    config.buckets.blobs,
  )
  const digest = digestOf(new Map([...items, ...blobs]))
  return { items: items.size, itemBytes, blobs: blobs.size, blobBytes, digest }
}

/** Logs when a job enters its next phase. */
const logPhases = (log: (line: string) => void): ((job: Job) => void) => {
  const start = performance.now()
  let last: string | undefined
  return ({ phase }) => {
    if (phase === undefined || phase === last) return
    last = phase
    log(`  ${((performance.now() - start) / 1000).toFixed(1)} s: ${phase}`)
  }
}
