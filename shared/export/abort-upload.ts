import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { COMPOSE_PLAN } from './messages.ts'

export interface AbortUploadServices {
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/**
 * Aborts the multipart upload of the archive. Does nothing if the upload was not begun, because no compose plan for the
 * archive exists.
 */
export const abortUpload = async ({ objects, workFiles }: AbortUploadServices, jobId: string): Promise<void> => {
  for (let round = 0; ; round++) {
    const plan = await workFiles.find(COMPOSE_PLAN, jobId, round)
    if (plan === undefined) return
    if (plan.kind === 'archive') {
      const { bucket, key, upload_id } = plan.target
      await objects.resumeMultipart(bucket, key, upload_id).abort()
      return
    }
  }
}
