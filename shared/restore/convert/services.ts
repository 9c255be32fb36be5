import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import type { ModelRegistry } from '../../resources/models.ts'

/** The stores, models and limits that the phases of a conversion use. */
export interface ConvertServices {
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly models: ModelRegistry
  readonly limits: Limits
}
