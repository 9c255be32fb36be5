import { differences, type Snapshot, snapshotOf } from '../../infra/local/demo/snapshot.ts'
import { writeResources } from '../../infra/local/seed/seed-store.ts'
import type { LocalStores } from '../../infra/local/stores/local-stores.ts'
import type { DataSet, Mode, Size } from './content/data-sets.ts'
import { blobKeyOf, blobsOf, sampleOf } from './content/sample.ts'
import { storedSizes, totalBytes } from './content/stored-sizes.ts'
import type { BenchContext, Measure, Run, Runner } from './measure.ts'
import { COMPARISONS, MEASURES } from './measures.ts'
import { countJobs } from './ours/count-jobs.ts'
import { STRATEGIES } from './ours/jobs.ts'
import { OursProgram } from './ours/ours-program.ts'
import { canRun } from './peers/peers.ts'
import { PeerError } from './peers/python.ts'
import { measureProcesses, type ProcessUsage } from './processes/usage.ts'
import { ratiosOf } from './results/ratios.ts'
import type { DataSetResult, MeasureResult, PeerResult } from './results/result.ts'
import { type BenchServices, deleteArchives, emptyStore } from './services.ts'

export interface RunOptions {
  readonly mode: Mode
  /** The rounds of floors and of the product, after one that is not counted. */
  readonly rounds: number
  /** The rounds of peers. They are slow, and their ratios are far from 1. */
  readonly peerRounds: number
  readonly peers: Readonly<Record<string, PeerResult>>
  /** The folder of the bundles of the workers. */
  readonly bundles: string
  readonly log: (line: string) => void
}

interface Prepared {
  readonly measure: Measure
  /** Undefined if a peer could not be prepared. */
  readonly runner: Runner | undefined
  readonly result: MeasureResult
}

/** The restored store differs from the original store. */
class DifferentStoreError extends Error {
  override readonly name = 'DifferentStoreError'

  constructor(dataSet: string, keys: readonly string[]) {
    super(
      `data set ${dataSet}: after a restore, ${keys.length} items or blobs differ from the original, ` +
        `for example ${keys.slice(0, 3).join(', ')}`,
    )
  }
}

/** Measures everything with one data set. The store is empty afterwards. */
export const runDataSet = async (
  services: BenchServices,
  set: DataSet,
  size: Size,
  options: RunOptions,
): Promise<DataSetResult> => {
  const { stores } = services
  const sizes = storedSizes(stores.models, size)
  const blobKeys = blobsOf(size).map(blobKeyOf).toArray()
  await writeResources(stores, sampleOf(stores.models, size), () => undefined)
  const program = await OursProgram.start(services.env)
  const context: BenchContext = { set, size, sizes, blobKeys, services, program }
  const prepared: Prepared[] = []
  try {
    const before = await snapshot(stores)
    for (const measure of MEASURES)
      if (isMeasured(measure, context, options)) prepared.push(await prepare(measure, context))
    // The first round is not counted: it fills caches and lets the compilers of all processes optimize.
    for (let round = 0; round <= options.rounds; round++) {
      await oneRound(context, before, prepared, round, options)
      if (round > 0) continue
      // The last measure of a round is a restore by the product.
      const after = await snapshot(stores)
      const different = [...differences(before.items, after.items), ...differences(before.blobs, after.blobs)]
      if (different.length > 0) throw new DifferentStoreError(set.name, different)
    }
    for (const { runner } of prepared) await runner?.stop()
    await program.stop()
    const strategies = set.complete.includes(options.mode) ? STRATEGIES : STRATEGIES.slice(-1)
    const counted =
      options.mode === 'full' || strategies === STRATEGIES ? await countJobs(context, options.bundles, strategies) : {}
    const measures = Object.fromEntries(prepared.map(({ measure, result }) => [measure.name, result]))
    return {
      kind: set.kind,
      ...(set.series === undefined ? {} : { series: set.series }),
      size,
      items: [...sizes.partitions.values()].flat().length,
      bytes: totalBytes(sizes),
      measures,
      ratios: ratiosOf(COMPARISONS, { kind: set.kind, measures }),
      counted,
    }
  } finally {
    for (const { runner } of prepared) await runner?.stop()
    await program.stop()
    await deleteArchives(stores)
    await emptyStore(stores)
  }
}

const isMeasured = (
  { name, kind, optional = false, applies = () => true }: Measure,
  { set, size }: BenchContext,
  { mode, peers }: RunOptions,
): boolean =>
  applies(set, size) &&
  (set.complete.includes(mode) || !(optional || kind === 'peer')) &&
  (kind !== 'peer' || canRun(name, peers))

const prepare = async (measure: Measure, context: BenchContext): Promise<Prepared> => {
  const result: MeasureResult = { kind: measure.kind, seconds: [], stages: {}, processes: {} }
  return { measure, runner: await unlessPeerFails(result, () => measure.prepare(context)), result }
}

/** Returns the result of `work`. If a peer fails, keeps its error and returns undefined: other measures continue. */
const unlessPeerFails = async <T>(result: MeasureResult, work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    result.error = error.message
    return undefined
  }
}

/**
 * Runs every measure once. Measures that read alternate their order, because a later one may profit from warm caches.
 * Measures that write begin with an empty store. The last one is a restore, so the store is full afterwards.
 */
const oneRound = async (
  { services, set }: BenchContext,
  before: Snapshot,
  prepared: readonly Prepared[],
  round: number,
  { rounds, peerRounds, log }: RunOptions,
): Promise<void> => {
  // Only the archive of this round is restored. Those of earlier rounds would fill the disk.
  await deleteArchives(services.stores)
  const isCounted = ({ kind }: Measure): boolean => round > (kind === 'peer' ? rounds - peerRounds : 0)
  const due = prepared.filter(
    ({ measure, result }) => result.error === undefined && (measure.kind !== 'peer' || isCounted(measure)),
  )
  const reading = due.filter(({ measure }) => measure.store === 'full')
  const writing = due.filter(({ measure }) => measure.store === 'empty')
  for (const { measure, runner, result } of [...(round % 2 === 0 ? reading : reading.toReversed()), ...writing]) {
    if (runner === undefined) continue
    if (measure.store === 'empty') await emptyStore(services.stores)
    const end = await measureProcesses({ ...services.pids, ...runner.pids })
    const run = await unlessPeerFails(result, () => runner.run())
    const processes = await end()
    if (run === undefined) {
      log(`${set.name}, round ${round}: ${result.error ?? ''}`)
      continue
    }
    if (isCounted(measure)) addRun(result, run, processes)
    if (measure.restores !== undefined && round === rounds)
      result.differences = differentContents(before, await snapshot(services.stores), measure.restores)
    log(`${set.name}, round ${round}: ${measure.name} ${run.seconds.toFixed(2)} s`)
  }
}

const addRun = (result: MeasureResult, run: Run, running: Readonly<Record<string, ProcessUsage>>): void => {
  result.seconds.push(run.seconds)
  for (const [stage, seconds] of Object.entries(run.stages ?? {})) (result.stages[stage] ??= []).push(seconds)
  for (const [name, usage] of Object.entries({ ...running, ...run.processes })) {
    const rounds = (result.processes[name] ??= { cpu_seconds: [], peak_bytes: [] })
    rounds.cpu_seconds.push(usage.cpu_seconds)
    rounds.peak_bytes.push(usage.peak_bytes)
  }
}

const snapshot = ({ dynamo, s3, config }: LocalStores): Promise<Snapshot> =>
  snapshotOf(dynamo, config.tables.resources, s3, config.buckets.blobs)

/**
 * Counts the items or blobs that differ. The content types of blobs are not compared: the losses of a peer list them.
 */
const differentContents = (before: Snapshot, after: Snapshot, what: 'items' | 'blobs'): number => {
  if (what === 'items') return differences(before.items, after.items).length
  const hashes = ({ blobs }: Snapshot): Map<string, string> =>
    new Map([...blobs].map(([key, text]) => [key, text.split(' ')[0] ?? '']))
  return differences(hashes(before), hashes(after)).length
}
