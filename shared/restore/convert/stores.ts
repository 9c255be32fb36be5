import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'

/** The stores and limits that are needed in the phases of a conversion. */
export interface ConvertStores {
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly limits: Limits
}
