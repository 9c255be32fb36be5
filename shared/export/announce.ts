import { untyped } from '../jobs/pass.ts'
import { openArchive } from '../archive/open.ts'
import { endJob, publishJobEnded } from '../jobs/end-job.ts'
import { exportJob } from '../jobs/find-job.ts'
import { listedBlobs } from '../jobs/listed-blobs.ts'
import type { StageInput } from '../jobs/messages.ts'
import type { Services } from '../runtime/services.ts'
import type { AssembledStream } from './assemble-stream.ts'
import type { ComposedResult } from './finish-compose.ts'
import { toldOfStream } from './plan-compose.ts'

/** Ends the job: the archive is there and has been read back. */
export const announceExport = async ({ job_id }: StageInput, services: Services): Promise<StageInput> => {
  const { request } = await exportJob(services, job_id)
  const composed = await services.jobs.getResult(job_id, untyped<ComposedResult>('finish-compose'), 0, 0)
  if (composed === undefined) throw new Error(`job ${job_id} has no archive to announce`)
  const told =
    request.format === 'specstar' ? await toldOfStream(services, job_id) : await toldOfArchive(services, composed)
  const status = told.complete ? 'succeeded' : 'partial'
  const result = { archive: composed.archive, ...told }
  await endJob(services, job_id, { status, phase: 'announce', result }, ['running'])
  await publishJobEnded(services, job_id)
  return { job_id }
}

const toldOfArchive = async (services: Services, { archive }: ComposedResult): Promise<AssembledStream['told']> => {
  const { manifest } = await openArchive(services.objects.sourceOf(archive))
  return {
    models: Object.fromEntries(
      Object.entries(manifest.models).map(([model, { resources, revisions, blobs }]) => [
        model,
        { resources, revisions, blobs },
      ]),
    ),
    complete: manifest.complete,
    missing_blobs: listedBlobs(manifest.missing_blobs),
  }
}
