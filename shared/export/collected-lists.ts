import { BlobReferenceSet } from '../blobs/blob-references.ts'
import { FoundIdsCollector } from '../jobs/found-ids.ts'
import type { Attempt } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { LeftOutOfPass } from './left-out.ts'
import { EXPORTED_IDS, type RecordsResult, workName } from './messages.ts'
import { UnclaimedRevisions } from './unclaimed-revisions.ts'

interface CollectedListsServices {
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly clock: () => Date
}

/** The lists that a pass over resources collects besides their records, and stores at its end. */
export class CollectedLists {
  readonly #attempt: Attempt
  readonly #services: CollectedListsServices
  /** The references of the ranges that are written. */
  readonly references = new BlobReferenceSet()
  readonly leftOut = new LeftOutOfPass()
  readonly unclaimed: UnclaimedRevisions
  /** The ids that were found, if the export selects resources by id. */
  readonly foundIds = new FoundIdsCollector()

  constructor(attempt: Attempt, services: CollectedListsServices) {
    this.#attempt = attempt
    this.#services = services
    this.unclaimed = new UnclaimedRevisions(services.workFiles, attempt)
  }

  /**
   * Removes the left-out resources and unclaimed revisions of a model that are in this or a later digest bucket,
   * because the next pass reads them again.
   */
  async removeFrom(model: string, bucket: string): Promise<void> {
    this.leftOut.removeFrom(model, bucket)
    await this.unclaimed.removeFrom(model, bucket)
  }

  /** Writes the lists. Returns the members of the result that refer to them. */
  async write(
    selectsIds: boolean,
  ): Promise<Pick<RecordsResult, 'references' | 'left_out' | 'unclaimed_revisions' | 'ids'>> {
    const { objects, workFiles, clock } = this.#services
    const { job_id, n, attempt } = this.#attempt
    const key = workFiles.key(job_id, workName.references(n, attempt))
    return {
      references: await this.references.write(objects, workFiles.bucket, key),
      ...(await this.leftOut.write(workFiles, this.#attempt)),
      ...(await this.unclaimed.write(clock)),
      ...(selectsIds ? { ids: await workFiles.write(EXPORTED_IDS, this.foundIds.all, job_id, n, attempt) } : {}),
    }
  }
}
