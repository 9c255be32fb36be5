import * as z from 'zod'
import { Machine } from '../machine.ts'
import { Size } from '../content/data-sets.ts'
import { StageCalls } from '../ours/call-counter.ts'
import { WorkerUsage } from '../ours/worker-pool.ts'

const Rounds = z.array(z.number())

/** All rounds of one measure. */
const MeasureResult = z.object({
  kind: z.enum(['floor', 'ours', 'peer']),
  seconds: Rounds,
  /** The seconds of each stage of a job. */
  stages: z.record(z.string(), Rounds),
  /** The number of items or blobs that differ from the original after a peer has restored them. */
  differences: z.number().optional(),
  /** Why a peer failed. */
  error: z.string().optional(),
  /** The usage of each process, by its name. */
  processes: z.record(z.string(), z.object({ cpu_seconds: Rounds, peak_bytes: Rounds })),
})
export type MeasureResult = z.output<typeof MeasureResult>

const LeastResult = z.object({
  read_units: z.number(),
  write_units: z.number(),
  table_calls: z.number(),
  blob_reads: z.number(),
  blob_writes: z.number(),
})

/** The calls of one job by stage, and the processes of its workers. */
const CountedJob = z.object({
  stages: z.record(z.string(), StageCalls),
  workers: WorkerUsage,
  least: LeastResult,
  /** Dollars for a million resources, with the list prices of AWS. */
  cost_per_million: z.object({
    dynamodb: z.number(),
    s3: z.number(),
    /** An estimate: the CPU time of the workers on this machine, at the price of a function with one core. */
    lambda: z.number(),
  }),
})
export type CountedJob = z.output<typeof CountedJob>

const DataSetResult = z.object({
  kind: z.enum(['records', 'blobs']),
  series: z.string().optional(),
  size: Size,
  items: z.number(),
  /** The size of all items and blobs. */
  bytes: z.number(),
  measures: z.record(z.string(), MeasureResult),
  ratios: z.record(z.string(), z.number()),
  counted: z.record(z.string(), CountedJob),
})
export type DataSetResult = z.output<typeof DataSetResult>

const PeerResult = z.object({
  package: z.string(),
  /** What the peer changed or lost when it copied awkward content. Empty if the peer could not run. */
  losses: z.array(z.string()),
  /** Why the peer could not be measured. */
  error: z.string().optional(),
})
export type PeerResult = z.output<typeof PeerResult>

/** The JSON file of one run. */
export const BenchResult = z.object({
  measured_at: z.string(),
  mode: z.enum(['quick', 'full']),
  rounds: z.number(),
  commit: z.string().optional(),
  machine: Machine,
  versions: z.record(z.string(), z.string()),
  services: z.object({ dynamodb: z.string(), s3: z.string() }),
  data_sets: z.record(z.string(), DataSetResult),
  peers: z.record(z.string(), PeerResult),
  /** The end-to-end time of `GET /{model}/export`, in seconds. */
  latency: z.record(z.string(), Rounds),
})
export type BenchResult = z.output<typeof BenchResult>
