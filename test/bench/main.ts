import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { z } from 'zod'
import { benchCodec, type CodecBench } from './codec.ts'
import { benchColdStart, type ColdStartBench } from './cold-start.ts'
import { tableText } from './figures.ts'
import { benchStore, type StoreBench } from './store.ts'

const { BENCH_RESOURCES, BENCH_BLOB_MB, BENCH_ROUNDS } = z
  .object({
    BENCH_RESOURCES: z.coerce.number().int().min(400).default(12_000),
    BENCH_BLOB_MB: z.coerce.number().int().min(1).default(60),
    BENCH_ROUNDS: z.coerce.number().int().min(1).default(5),
  })
  .parse(process.env)

/** Which measurements are compared. The seconds of each side are the sum of its measurements. */
const COMPARISONS: readonly {
  readonly name: string
  readonly ours: readonly string[]
  readonly raw: readonly string[]
}[] = [
  { name: 'export', ours: ['export'], raw: ['raw query', 'raw copy of blobs'] },
  { name: 'export: export-records', ours: ['export: export-records'], raw: ['raw query'] },
  { name: 'export: export-blobs', ours: ['export: export-blobs'], raw: ['raw copy of blobs'] },
  { name: 'restore', ours: ['restore'], raw: ['raw write of items', 'raw write of blobs'] },
  { name: 'restore: apply-records', ours: ['restore: apply-records'], raw: ['raw write of items'] },
  { name: 'restore: apply-blobs', ours: ['restore: apply-blobs'], raw: ['raw write of blobs'] },
  { name: 'restore: verify', ours: ['restore: verify'], raw: ['raw query', 'raw read of blobs'] },
]

const show = ({ items, blobs, megabytes, figures }: StoreBench): void => {
  console.log(`\n${items} items and ${blobs} blobs, ${megabytes.toFixed(0)} MB; medians of ${BENCH_ROUNDS} rounds`)
  console.log(
    tableText(
      ['measurement', 'seconds', 'range', 'MB/s'],
      figures.names.map((name) => [
        name,
        figures.of(name).median.toFixed(2),
        figures.of(name).spread,
        (megabytes / figures.of(name).median).toFixed(1),
      ]),
    ),
  )
  console.log(
    tableText(
      ['product against raw access', 'product, s', 'raw, s', 'product / raw', 'relative speed'],
      COMPARISONS.map(({ name, ours, raw }) => {
        const [product, rawAccess] = [figures.sum(ours), figures.sum(raw)]
        const ratio = product.ratioTo(rawAccess)
        return [
          name,
          product.median.toFixed(2),
          rawAccess.median.toFixed(2),
          ratio.toFixed(2),
          `${(100 / ratio).toFixed(0)} %`,
        ]
      }),
    ),
  )
}

const showCodec = ({ megabytes, seconds, memory, stored }: CodecBench): void => {
  console.log(`\n${megabytes.toFixed(0)} MB of record lines; medians of ${BENCH_ROUNDS} rounds`)
  console.log(
    tableText(
      ['codec', 'seconds', 'range', 'MB/s', 'memory, MiB', 'stored, MB'],
      seconds.names.map((name) => [
        name,
        seconds.of(name).median.toFixed(2),
        seconds.of(name).spread,
        (megabytes / seconds.of(name).median).toFixed(0),
        memory.names.includes(name) ? memory.of(name).median.toFixed(0) : '',
        stored.names.includes(name) ? stored.of(name).median.toFixed(1) : '',
      ]),
    ),
  )
}

const showColdStart = ({ ms, mebibytes }: ColdStartBench): void => {
  console.log(`\ntime to import each bundle in a new process; medians of ${BENCH_ROUNDS} rounds`)
  console.log(
    tableText(
      ['function', 'MiB', 'ms', 'range'],
      ms.names.map((name) => [
        name,
        (mebibytes.get(name) ?? 0).toFixed(2),
        ms.of(name).median.toFixed(0),
        ms.of(name).spread,
      ]),
    ),
  )
}

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  codec: async () => {
    showCodec(await benchCodec(BENCH_RESOURCES * 4, BENCH_ROUNDS))
  },
  store: async () => {
    const size = { resources: BENCH_RESOURCES, blobBytes: BENCH_BLOB_MB * 1_000_000 }
    show(await benchStore(size, BENCH_ROUNDS, console.log))
  },
  'cold-start': async () => {
    showColdStart(await benchColdStart(BENCH_ROUNDS))
  },
}

const selected = process.argv.slice(2)
for (const name of selected.length === 0 ? Object.keys(BENCHES) : selected) {
  const bench = BENCHES[name]
  if (bench === undefined) throw new Error(`unknown benchmark ${name}: choose from ${Object.keys(BENCHES).join(', ')}`)
  await bench()
}
