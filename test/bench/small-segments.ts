import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import process from 'node:process'
import * as z from 'zod'
import type { ModelRegistry } from '../../shared/resources/models.ts'
import { segmentedArchive } from '../archive/segmented-archive.ts'
import type { Mode, Size } from './content/data-sets.ts'
import { blobsOf, itemsOf, MODEL, sampleOf } from './content/sample.ts'
import { tableText } from './figures.ts'
import { commit, Machine, machine, versions } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { OursProgram } from './ours/ours-program.ts'
import { measureProcesses } from './processes/usage.ts'
import { speedRatio, summaryOf } from './results/statistics.ts'
import { type BenchServices, deleteArchives, emptyStore, startServices, stopOnInterrupt } from './services.ts'

const FEW = 16
const MANY = { quick: 1_000, full: 10_000 }
/** The lowest wanted ratio of the speeds: many small segments take at most 1.5 times as long. */
const TARGET = 1 / 1.5
const OUTPUT = '.local/bench/small-segments.json'
const MIB = 1024 * 1024
const ITEM_BYTES = 950
const BLOB_BYTES = 1_000

/** What the small segments contain. */
const KINDS = ['records', 'blobs'] as const
type Kind = (typeof KINDS)[number]

const Rounds = z.object({
  seconds: z.array(z.number()),
  stages: z.record(z.string(), z.array(z.number())),
  cpu_seconds: z.array(z.number()),
  peak_bytes: z.array(z.number()),
})
type Rounds = z.output<typeof Rounds>

/** The JSON file. The keys of `rounds` are the numbers of segments. */
const Result = z.object({
  measured_at: z.string(),
  mode: z.enum(['quick', 'full']),
  commit: z.string().optional(),
  machine: Machine,
  versions: z.record(z.string(), z.string()),
  kinds: z.record(
    z.enum(KINDS),
    z.object({ ratio: z.number(), wanted: z.number(), rounds: z.record(z.string(), Rounds) }),
  ),
})

/**
 * Restores the same content from an archive with few segments and from an archive with many small segments, one after
 * the other in each round. Prints a table, and writes a JSON file. A ratio is the speed of the restore from many
 * segments relative to the restore from few segments.
 */
export const benchSmallSegments = async ({ mode, rounds }: Pick<BenchOptions, 'mode' | 'rounds'>): Promise<void> => {
  const services = await startServices(process.env)
  stopOnInterrupt(services)
  try {
    const kinds: Record<string, unknown> = {}
    for (const kind of KINDS) {
      const measured = await measure(services, kind, mode, rounds)
      const [few, many] = [FEW, MANY[mode]].map((segments) => measured[segments]?.seconds ?? [])
      const ratio = speedRatio(many ?? [], few ?? [])
      kinds[kind] = { ratio, wanted: TARGET, rounds: measured }
      console.log(
        `\n${kind}: speed with ${MANY[mode]} segments / with ${FEW}: ${ratio.toFixed(2)}, wanted ${TARGET.toFixed(2)}`,
      )
      console.log(textOf(measured))
    }
    const revision = await commit()
    const result = Result.parse({
      measured_at: new Date().toISOString(),
      mode,
      ...(revision === undefined ? {} : { commit: revision }),
      machine: machine(),
      versions: await versions(),
      kinds,
    })
    await mkdir(dirname(OUTPUT), { recursive: true })
    await writeFile(OUTPUT, `${JSON.stringify(result, null, 2)}\n`)
    console.log(`\nThe results are in ${OUTPUT}`)
  } finally {
    await services.stop()
  }
}

/** Each small segment has 4 resources or one blob. */
const sizeOf = (kind: Kind, mode: Mode): Size => ({
  resources: MANY[mode] * (kind === 'records' ? 4 : 1),
  revisions: 1,
  itemBytes: ITEM_BYTES,
  blobs: kind === 'records' ? 0 : MANY[mode],
  blobBytes: BLOB_BYTES,
})

const archiveOf = (models: ModelRegistry, kind: Kind, size: Size, segments: number): Promise<Buffer> =>
  segmentedArchive({
    models: {
      [MODEL]: sampleOf(models, size)
        .map((sample) => itemsOf(models.get(MODEL), sample))
        .toArray(),
    },
    segments: kind === 'records' ? segments : FEW,
    blobs: new Map(blobsOf(size).map(({ file_id, bytes }) => [file_id, bytes])),
    referring: [MODEL],
    blobSegments: kind === 'blobs' ? segments : FEW,
  })

const measure = async (
  services: BenchServices,
  kind: Kind,
  mode: Mode,
  rounds: number,
): Promise<Record<number, Rounds>> => {
  const { stores } = services
  const bucket = stores.config.buckets.archives
  const variants = [FEW, MANY[mode]]
  await emptyStore(stores)
  for (const segments of variants)
    await stores.objects.put(
      bucket,
      `${segments}.acbak`,
      await archiveOf(stores.models, kind, sizeOf(kind, mode), segments),
    )
  const measured: Record<number, Rounds> = {}
  const program = await OursProgram.start(services.env)
  try {
    // The first round is not counted: the compilers of all processes optimize the code.
    for (let round = 0; round <= rounds; round++)
      for (const segments of round % 2 === 0 ? variants : variants.toReversed()) {
        await emptyStore(stores)
        const end = await measureProcesses({ program: program.pid })
        const { seconds, stages } = await program.job('/_backup/import?wait=0', {
          from: { bucket, key: `${segments}.acbak` },
        })
        const { program: usage } = await end()
        if (round === 0) continue
        const own = (measured[segments] ??= { seconds: [], stages: {}, cpu_seconds: [], peak_bytes: [] })
        own.seconds.push(seconds)
        for (const [stage, time] of Object.entries(stages)) (own.stages[stage] ??= []).push(time)
        if (usage === undefined) continue
        own.cpu_seconds.push(usage.cpu_seconds)
        own.peak_bytes.push(usage.peak_bytes)
      }
  } finally {
    await program.stop()
    await deleteArchives(stores)
  }
  return measured
}

const textOf = (measured: Readonly<Record<number, Rounds>>): string =>
  tableText(
    ['segments', 'seconds', 'CPU s', 'peak MiB', 'stages'],
    Object.entries(measured).map(([segments, { seconds, stages, cpu_seconds, peak_bytes }]) => [
      segments,
      summaryOf(seconds).median.toFixed(1),
      summaryOf(cpu_seconds).median.toFixed(1),
      (Math.max(...peak_bytes) / MIB).toFixed(0),
      Object.entries(stages)
        .map(([stage, times]) => `${stage} ${summaryOf(times).median.toFixed(1)}`)
        .join('\n'),
    ]),
  )
