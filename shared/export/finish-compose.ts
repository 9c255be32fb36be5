import { openArchive } from '../archive/open.ts'
import type { ExportResult } from '../jobs/job.ts'
import { allResults, untyped } from '../jobs/pass.ts'
import type { StageInput } from '../jobs/messages.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import { eofFrame, headerFrame } from '../specstar/stream-frame.ts'
import type { PartsResult } from './compose-parts.ts'
import { latestPlan } from './compose-parts.ts'

/** What `announce` tells: the archive, as it was read back. */
export interface ComposedResult {
  readonly done: true
  readonly archive: ExportResult['archive']
}

/** Completes the upload and reads trailer and manifest back: before that nobody is told of an archive. */
export const finishCompose = async ({ job_id }: StageInput, services: Services): Promise<StageInput> => {
  const { plan } = await latestPlan(services, job_id)
  if (plan.kind !== 'archive') throw new Error(`job ${job_id}: the archive was not composed`)
  if ((await services.jobs.getResult(job_id, untyped<ComposedResult>('finish-compose'), 0, 0)) !== undefined)
    return { job_id }
  const { bucket, key, upload_id } = plan.target
  const results = await allResults(services, job_id, untyped<PartsResult>('compose-parts'))
  const parts = results.flatMap((result) => result.parts).sort((a, b) => a.number - b.number)
  const archive = await services.objects.resumeMultipart(bucket, key, upload_id).complete({ ifAbsent: true, parts })
  await readBack(services, archive, plan.manifest_sha256)
  await services.jobs.keepResult(job_id, untyped<ComposedResult>('finish-compose'), 0, 0, {
    done: true,
    archive: {
      ...archive,
      ...(plan.manifest_sha256 === undefined ? {} : { manifest_sha256: plan.manifest_sha256 }),
    },
  })
  return { job_id }
}

/** An archive is opened by its trailer; a stream, which has none, must begin and end as one. */
const readBack = async (
  services: Services,
  archive: PinnedObject,
  manifestSha256: string | undefined,
): Promise<void> => {
  const { objects } = services
  if (manifestSha256 !== undefined) {
    const opened = await openArchive(objects.sourceOf(archive))
    if (opened.manifestSha256 === manifestSha256) return
    throw new Error(`${archive.key} reads back with manifest ${opened.manifestSha256}, written was ${manifestSha256}`)
  }
  for (const [frame, start] of [
    [headerFrame(), 0],
    [eofFrame(), archive.size - eofFrame().length],
  ] as const)
    if (!(await objects.readBytes(archive, start, frame.length)).equals(frame))
      throw new Error(`${archive.key} does not read back as a stream at byte ${start}`)
}
