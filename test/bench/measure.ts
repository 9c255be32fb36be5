import type { DataSet, Size } from './content/data-sets.ts'
import type { StoredSizes } from './content/stored-sizes.ts'
import type { OursProgram } from './ours/ours-program.ts'
import type { ProcessUsage } from './processes/usage.ts'
import type { BenchServices } from './services.ts'

/** What all measures of one data set share. */
export interface BenchContext {
  readonly set: DataSet
  readonly size: Size
  readonly sizes: StoredSizes
  readonly blobKeys: readonly string[]
  readonly services: BenchServices
  readonly program: OursProgram
  /** The job of the latest export, whose archive is restored. */
  exportJob?: string
}

/** One run of a measure. */
export interface Run {
  readonly seconds: number
  /** The seconds of the stages of a job. */
  readonly stages?: Readonly<Record<string, number>>
  /** The usage of processes that do not exist any longer after the run. */
  readonly processes?: Readonly<Record<string, ProcessUsage>>
}

/** A measure that has been prepared for a data set. */
export interface Runner {
  /** The running processes whose usage belongs to the measure, in addition to those of the services. */
  readonly pids: Readonly<Record<string, number>>
  run(): Promise<Run>
  stop(): Promise<void>
}

/** A row of the table in `measures.ts`. */
export interface Measure {
  readonly name: string
  readonly kind: 'floor' | 'ours' | 'peer'
  /** Whether the measure reads a store with the whole data set, or writes to an empty store. */
  readonly store: 'full' | 'empty'
  /** What a peer writes. It is compared with the original once. */
  readonly restores?: 'items' | 'blobs'
  /** Whether the measure is left out unless everything is measured. Peers are always left out then. */
  readonly optional?: boolean
  /** By default, a measure is meaningful for every data set. */
  readonly applies?: (set: DataSet, size: Size) => boolean
  readonly prepare: (context: BenchContext) => Promise<Runner>
}
