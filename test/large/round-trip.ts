import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiClient, exportResult, type Job, type Report } from '../../infra/local/demo/api-client.ts'
import type { ProcessMemory } from '../../infra/local/demo/memory.ts'
import { type DemoProgram, startDemoProgram } from '../../infra/local/demo/demo-program.ts'
import { digestOf, snapshotOf } from '../../infra/local/demo/snapshot.ts'
import { fillWith } from '../../infra/local/seed/fill.ts'
import { type LocalStores, openLocalStores } from '../../infra/local/stores/local-stores.ts'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { largeSample, type Size } from './sample.ts'

const PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url))

/** One step, measured: its time, and the most memory that each of the program's processes held in it. */
export interface Step {
  readonly name: string
  readonly seconds: number
  readonly memory: readonly ProcessMemory[]
}

/** What a store held, as plain clients see it. */
export interface Held {
  readonly items: number
  readonly itemBytes: number
  readonly blobs: number
  readonly blobBytes: number
  /** Over all keys and contents. */
  readonly digest: string
}

export interface RoundTrip {
  readonly size: Size
  readonly before: Held
  readonly after: Held
  readonly archiveBytes: number
  readonly report: Report
  readonly steps: readonly Step[]
}

/**
 * Fills a store, exports it, wipes it and restores it, through the local program as `npm start` runs it. Each step has
 * processes of its own on the same folder, so that a peak belongs to the step and to nothing before it.
 */
export const roundTrip = async (
  size: Size,
  say: (line: string) => void,
  format: 'acbak' | 'specstar' = 'acbak',
): Promise<RoundTrip> => {
  const folder = await mkdtemp(join(tmpdir(), 'specstar-large-'))
  const steps: Step[] = []
  const step = async <T>(name: string, work: (program: DemoProgram, stores: LocalStores) => Promise<T>): Promise<T> => {
    const program = await startDemoProgram(folder, PROGRAM)
    try {
      const stores = await openLocalStores(program.env)
      const began = performance.now()
      const result = await work(program, stores)
      const seconds = (performance.now() - began) / 1000
      steps.push({ name, seconds, memory: await program.peakMemory() })
      say(`${name}: ${seconds.toFixed(1)} s`)
      return result
    } catch (error) {
      say(program.errors())
      throw error
    } finally {
      await program.stop()
    }
  }
  try {
    await step('seed', (_, stores) => fillWith(stores, largeSample(stores.models, size), () => undefined))
    const before = await step('look', (_, stores) => held(stores))
    const exported = await step('export', async ({ url }) => {
      const api = new ApiClient(url)
      const jobId = await api.startExport(format)
      return { jobId, result: exportResult(await api.finished(jobId, phases(say))) }
    })
    await step('wipe', (_, stores) => wipe(stores))
    const report = await step('restore', async ({ url }) => {
      const api = new ApiClient(url)
      const jobId = await api.startRestore(exported.jobId)
      await api.finished(jobId, phases(say))
      return api.report(jobId)
    })
    const after = await step('look again', (_, stores) => held(stores))
    return { size, before, after, archiveBytes: exported.result.archive.size, report, steps }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const held = async ({ dynamo, s3, config }: LocalStores): Promise<Held> => {
  const { items, blobs, itemBytes, blobBytes } = await snapshotOf(
    dynamo,
    config.tables.resources,
    s3,
    config.buckets.blobs,
  )
  const digest = digestOf(new Map([...items, ...blobs]))
  return { items: items.size, itemBytes, blobs: blobs.size, blobBytes, digest }
}

/** Says when a job comes into its next phase. */
const phases = (say: (line: string) => void): ((job: Job) => void) => {
  const began = performance.now()
  let last: string | undefined
  return ({ phase }) => {
    if (phase === undefined || phase === last) return
    last = phase
    say(`  ${((performance.now() - began) / 1000).toFixed(1)} s: ${phase}`)
  }
}
