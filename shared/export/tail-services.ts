import type { JobStore } from '../jobs/aws/job-store.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'

/** The stores and settings that are needed to assemble an archive or a stream. */
export interface TailServices {
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly config: { readonly deployment: string; readonly region: string }
  readonly clock: () => Date
}
