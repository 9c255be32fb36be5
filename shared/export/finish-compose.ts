import { openArchive } from '../archive/open.ts'
import { allResults } from '../jobs/pass.ts'
import type { StageInput } from '../jobs/stage-messages.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import type { PartsResult } from './compose-parts.ts'
import { latestPlan } from './compose-parts.ts'

/** What `announce` tells: the archive, as it was read back. */
export interface ComposedResult {
  readonly done: true
  readonly archive: PinnedObject & { readonly manifest_sha256: string }
}

/** Completes the upload and reads trailer and manifest back: before that nobody is told of an archive. */
export const finishCompose = async ({ job_id }: StageInput, services: Services): Promise<StageInput> => {
  const { plan } = await latestPlan(services, job_id)
  if (plan.kind !== 'archive') throw new Error(`job ${job_id}: the archive was not composed`)
  if ((await services.jobs.getResult<ComposedResult>(job_id, 'finish-compose', 0, 0)) !== undefined) return { job_id }
  const { bucket, key, upload_id } = plan.target
  const results = await allResults<PartsResult>(services, job_id, 'compose')
  const parts = results.flatMap((result) => result.parts).sort((a, b) => a.number - b.number)
  const archive = await services.objects.resumeMultipart(bucket, key, upload_id).complete({ ifAbsent: true, parts })
  const opened = await openArchive(services.objects.sourceOf(archive))
  if (opened.manifestSha256 !== plan.manifest_sha256)
    throw new Error(`${key} reads back with manifest ${opened.manifestSha256}, written was ${plan.manifest_sha256}`)
  await services.jobs.keepResult<ComposedResult>(job_id, 'finish-compose', 0, 0, {
    done: true,
    archive: { ...archive, manifest_sha256: plan.manifest_sha256 },
  })
  return { job_id }
}
