import * as z from 'zod'
import { Machine } from '../machine.ts'
import { tableText } from '../figures.ts'
import { WorkerUsage } from '../ours/worker-pool.ts'

const MIB = 1024 * 1024
const GB = 1_000_000_000
/** The largest memory that a worker may use, whatever the size of the archive is. */
const MAX_WORKER_BYTES = 256 * MIB

const SizeResult = z.object({
  resources: z.number(),
  archive_bytes: z.number(),
  /** The size of the SpecStar stream with the same content. */
  stream_bytes: z.number(),
  seconds: z.number(),
  /** From the job to the memory of its worker stages. */
  jobs: z.record(z.string(), WorkerUsage),
})
export type SizeResult = z.output<typeof SizeResult>

/** The JSON file of `npm run bench -- memory`. Each size can be from another run. */
export const MemoryResult = z.object({
  sizes: z.record(
    z.string(),
    SizeResult.extend({
      measured_at: z.string(),
      commit: z.string().optional(),
      machine: Machine,
      versions: z.record(z.string(), z.string()),
      /** The Node settings of the workers. */
      node_settings: z.record(z.string(), z.string()),
    }),
  ),
})
export type MemoryResult = z.output<typeof MemoryResult>

/** Formats the peak memory of each stage, with one column for each size. */
export const memoryText = ({ sizes }: MemoryResult): string => {
  const columns = Object.entries(sizes)
  const rows = [...new Set(columns.flatMap(([, { jobs }]) => stagesOf(jobs).map(({ name }) => name)))]
  return tableText(
    ['peak memory of a worker, MiB', ...columns.map(([name, { archive_bytes: bytes }]) => titleOf(name, bytes))],
    rows.map((row) => [
      row,
      ...columns.map(([, { jobs }]) => {
        const stage = stagesOf(jobs).find(({ name }) => name === row)
        return stage === undefined ? '' : (stage.peak_bytes / MIB).toFixed(0)
      }),
    ]),
  )
}

/** Returns one line for each stage that has used more memory than `MAX_WORKER_BYTES`. */
export const stagesAboveLimit = ({ sizes }: MemoryResult): string[] =>
  Object.entries(sizes).flatMap(([size, { jobs }]) =>
    stagesOf(jobs).flatMap(({ name, peak_bytes: peak }) =>
      peak <= MAX_WORKER_BYTES
        ? []
        : [`${size}: ${name} has used ${(peak / MIB).toFixed(0)} MiB; at most ${MAX_WORKER_BYTES / MIB} are allowed`],
    ),
  )

const titleOf = (name: string, bytes: number): string => `${name} (${(bytes / GB).toFixed(2)} GB)`

const stagesOf = (jobs: SizeResult['jobs']): { readonly name: string; readonly peak_bytes: number }[] =>
  Object.entries(jobs).flatMap(([job, stages]) =>
    Object.entries(stages).map(([stage, { peak_bytes }]) => ({ name: `${job}: ${stage}`, peak_bytes })),
  )
