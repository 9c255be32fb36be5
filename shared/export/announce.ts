import { openArchive } from '../archive/open.ts'
import { exportJob } from '../jobs/running-job.ts'
import type { StageInput } from '../jobs/stage-messages.ts'
import type { Services } from '../runtime/services.ts'
import type { ComposedResult } from './finish-compose.ts'

/** Ends the job: the archive is there and has been read back. */
export const announceExport = async ({ job_id }: StageInput, services: Services): Promise<StageInput> => {
  await exportJob(services, job_id)
  const composed = await services.jobs.getResult<ComposedResult>(job_id, 'finish-compose', 0, 0)
  if (composed === undefined) throw new Error(`job ${job_id} has no archive to announce`)
  const { manifest } = await openArchive(services.objects.sourceOf(composed.archive))
  await services.jobs.change(
    job_id,
    {
      status: manifest.complete ? 'succeeded' : 'partial',
      phase: 'announce',
      ended_at: services.clock().toISOString(),
      result: {
        archive: composed.archive,
        models: Object.fromEntries(
          Object.entries(manifest.models).map(([model, { resources, revisions, blobs }]) => [
            model,
            { resources, revisions, blobs },
          ]),
        ),
        complete: manifest.complete,
        missing_blobs: { count: manifest.missing_blobs.length, ids: manifest.missing_blobs.slice(0, 100) },
      },
    },
    { from: ['running'] },
  )
  return { job_id }
}
