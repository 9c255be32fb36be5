import { openArchive } from '../archive/open.ts'
import { announceArchive, catalogueExport, type CatalogueExportServices } from '../catalogue/catalogue-export.ts'
import { endJob, type EndJobServices, publishJobEnded } from '../jobs/end-job.ts'
import { exportJob } from '../jobs/find-job.ts'
import { type FoundIds, idsWithoutResource } from '../jobs/found-ids.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { allResults } from '../jobs/pass.ts'
import type { SuspiciousArchive, ExportSummary } from '../jobs/export-result.ts'
import type { IdsWithoutResource } from '../jobs/job-lists.ts'
import type { ExportRequest } from '../jobs/job-request.ts'
import { listedBlobs } from '../jobs/listed-blobs.ts'
import type { StageInput } from '../jobs/messages.ts'
import { type ListStores, unrestorableListOf } from '../jobs/unrestorable-list.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { listedResources } from '../jobs/listed-resources.ts'
import { unaccountedSummary } from './unaccounted-summary.ts'
import { EXPORT_RECORDS, EXPORTED_IDS, FINISH_COMPOSE, TAIL } from './messages.ts'

/**
 * Judges the archive of a scheduled export. If the archive is suspicious, returns the value of the member `suspicious`
 * of the job's result. Otherwise, returns `undefined`.
 */
export type JudgeArchive = (
  schedule: NonNullable<ExportRequest['schedule']>,
  archive: PinnedObject,
) => Promise<SuspiciousArchive | undefined>

/**
 * Ends the job and stores its result. The job ends as `partial` if blobs are missing, if resources were left out, if
 * the table has items that belong to no resource, or if ids of the request were not found. Otherwise, it ends as
 * `succeeded`. The archive of a schedule is judged first, so that the result states whether the archive is suspicious.
 * Then adds the archive to the catalogue.
 */
export const announceExport = async (
  { job_id }: StageInput,
  services: EndJobServices & ListStores & CatalogueExportServices & { readonly workFiles: WorkFiles },
  judgeArchive: JudgeArchive,
): Promise<StageInput> => {
  const { jobs, workFiles } = services
  const job = await exportJob(services, job_id)
  const { request } = job
  const composed = await jobs.getResult(job_id, FINISH_COMPOSE, 0, 0)
  if (composed === undefined) throw new Error(`job ${job_id} has no result of its stage ${FINISH_COMPOSE.name}`)
  const { archive } = composed
  const { summary, created_at } =
    request.format === 'specstar'
      ? { summary: await summaryOfStream(workFiles, job_id), created_at: job.created_at }
      : await readArchive(services, job_id, archive)
  const suspicious = request.schedule === undefined ? undefined : await judgeArchive(request.schedule, archive)
  const unaccounted = await unaccountedSummary(services, job_id)
  const ids = await idsNotExported(services, job_id, request)
  const isWhole = summary.complete && unaccounted === undefined && ids.not_found === undefined
  const status = isWhole ? 'succeeded' : 'partial'
  const result = {
    archive,
    ...summary,
    ...(summary.left_out === undefined
      ? {}
      : { left_out: { ...summary.left_out, list: unrestorableListOf(services, job_id) } }),
    ...(unaccounted === undefined ? {} : { unaccounted }),
    ...ids,
    ...(suspicious === undefined ? {} : { suspicious }),
  }
  await announceArchive(services, { job_id, created_at })
  await endJob(services, job_id, { status, phase: 'announce', result }, ['running'])
  await catalogueExport(services, { job_id, created_at })
  await publishJobEnded(services, job_id)
  return { job_id }
}

const idsNotExported = async (
  { jobs, workFiles }: { readonly jobs: JobStore; readonly workFiles: WorkFiles },
  jobId: string,
  { filters }: ExportRequest,
): Promise<IdsWithoutResource> => {
  if (filters.ids === undefined) return {}
  const found: FoundIds[] = []
  for (const { ids } of await allResults({ jobs }, jobId, EXPORT_RECORDS)) {
    // Passes of earlier releases did not collect ids, so it is unknown which ids were not found.
    if (ids === undefined) return {}
    found.push(await workFiles.readPinned(EXPORTED_IDS, ids))
  }
  return idsWithoutResource(filters.ids, found)
}

const summaryOfStream = async (workFiles: WorkFiles, jobId: string): Promise<ExportSummary> => {
  const { summary } = await workFiles.read(TAIL, jobId)
  if (summary === undefined) throw new Error(`file ${TAIL.name()} of job ${jobId} has no summary of a stream`)
  return summary
}

/** Returns the summary of an archive, and the time in its manifest. */
const readArchive = async (
  { objects, workFiles }: { readonly objects: ObjectStore; readonly workFiles: WorkFiles },
  jobId: string,
  archive: PinnedObject,
): Promise<{ readonly summary: ExportSummary; readonly created_at: string }> => {
  const { manifest } = await openArchive(objects.sourceOf(archive))
  const { referred_by } = await workFiles.read(TAIL, jobId)
  const summary = {
    models: Object.fromEntries(
      Object.entries(manifest.models).map(([model, { resources, revisions, blobs }]) => [
        model,
        { resources, revisions, blobs },
      ]),
    ),
    complete: manifest.complete,
    missing_blobs: { ...listedBlobs(manifest.missing_blobs), ...(referred_by === undefined ? {} : { referred_by }) },
    ...(manifest.left_out === undefined
      ? {}
      : { left_out: listedResources(manifest.left_out.resources, manifest.left_out.count) }),
  }
  return { summary, created_at: manifest.created_at }
}
