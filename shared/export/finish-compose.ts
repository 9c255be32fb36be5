import { openArchive } from '../archive/open.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import type { StageInput } from '../jobs/messages.ts'
import { allResults } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { eofFrame, headerFrame } from '../specstar/stream-frame.ts'
import { latestComposePlan } from './latest-compose-plan.ts'
import { COMPOSE_PARTS, FINISH_COMPOSE } from './messages.ts'

/**
 * Completes the multipart upload and checks that the archive can be opened. Then stores the archive as the result of
 * this stage. No job can therefore have an archive that cannot be opened.
 */
export const finishCompose = async (
  { job_id }: StageInput,
  services: { readonly jobs: JobStore; readonly objects: ObjectStore; readonly workFiles: WorkFiles },
): Promise<StageInput> => {
  const { jobs, objects, workFiles } = services
  const { plan } = await latestComposePlan(workFiles, job_id)
  if (plan.kind !== 'archive') throw new Error(`the latest compose plan of job ${job_id} does not compose the archive`)
  if ((await jobs.getResult(job_id, FINISH_COMPOSE, 0, 0)) !== undefined) return { job_id }
  const { bucket, key, upload_id } = plan.target
  const results = await allResults(services, job_id, COMPOSE_PARTS)
  const parts = results.flatMap((result) => result.parts).sort((a, b) => a.number - b.number)
  // The key contains the id of the job, and a job has one upload, so no other object can be replaced. The completion
  // therefore needs no condition. With a condition, S3 could respond with a conflict, and all parts of the archive
  // would have to be copied again.
  const archive = await objects.resumeMultipart(bucket, key, upload_id).complete({ parts })
  if (plan.manifest_sha256 === undefined) await readBackStream(objects, archive)
  else await readBackArchive(objects, archive, plan.manifest_sha256)
  await jobs.keepResult(job_id, FINISH_COMPOSE, 0, 0, {
    done: true,
    archive: {
      ...archive,
      ...(plan.manifest_sha256 === undefined ? {} : { manifest_sha256: plan.manifest_sha256 }),
    },
  })
  return { job_id }
}

/** Opens the archive. Throws if its manifest differs from the manifest that was written. */
const readBackArchive = async (objects: ObjectStore, archive: PinnedObject, manifestSha256: string): Promise<void> => {
  const opened = await openArchive(objects.sourceOf(archive))
  if (opened.manifestSha256 !== manifestSha256)
    throw new Error(`${archive.key} has manifest ${opened.manifestSha256}, but manifest ${manifestSha256} was written`)
}

/**
 * Reads the first and the last frame of a stream, because a stream has no manifest. Throws if a frame differs from the
 * frame that was written.
 */
const readBackStream = async (objects: ObjectStore, stream: PinnedObject): Promise<void> => {
  for (const [frame, start] of [
    [headerFrame(), 0],
    [eofFrame(), stream.size - eofFrame().length],
  ] as const)
    if (!(await objects.readBytes(stream, start, frame.length)).equals(frame))
      throw new Error(`${stream.key} differs from the written stream in the frame at byte ${start}`)
}
