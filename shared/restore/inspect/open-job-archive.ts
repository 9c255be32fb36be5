import type { OpenArchive } from '../../archive/archive.ts'
import { openArchive } from '../../archive/open.ts'
import type { ArchiveJob } from '../../jobs/job.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import { SectionMissingError, UnknownModelsError } from '../errors.ts'
import { CONVERTED_ARCHIVE, type ConvertedArchive } from '../messages/convert.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import { pinArchive } from '../pin-archive.ts'
import { readRequest } from '../read-request.ts'
import { planRanges } from './plan-ranges.ts'

interface JobArchiveServices {
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly models: ModelRegistry
}

/** The open archive of a job, and the models that the job reads from it. */
interface JobArchive {
  readonly pinned: PinnedObject
  /** Present if the archive of the job is a stream. `pinned` and `archive` are then the result of the conversion. */
  readonly converted: ConvertedArchive | undefined
  readonly archive: OpenArchive
  readonly models: readonly string[]
}

/**
 * Pins and opens the archive of a job, or the archive to which its stream was converted. Throws `SectionMissingError`
 * if the archive has no section for a requested model, and `UnknownModelsError` if a model is not registered.
 */
export const openJobArchive = async (services: JobArchiveServices, job: ArchiveJob): Promise<JobArchive> => {
  const { objects, workFiles } = services
  const request = readRequest(job)
  const converted = await workFiles.find(CONVERTED_ARCHIVE, job.job_id)
  const pinned = converted?.archive ?? (await pinArchive(services, request))
  const archive = await openArchive(objects.sourceOf(pinned))
  return { pinned, converted, archive, models: modelsToRead(services.models, archive, request.models) }
}

/**
 * Returns the plan of a job. The target is treated as if it had no items of `emptyModels`. Throws `ArchiveInvalidError`
 * if the segments of the archive are out of order.
 */
export const planOf = (
  job: ArchiveJob,
  { pinned, converted, archive, models }: JobArchive,
  emptyModels: readonly string[],
  limits: Pick<Limits, 'rangeBytes' | 'groupBytes'>,
): RestorePlan => {
  const { filters } = job.request
  const unfiltered = Object.keys(filters).length === 0
  return {
    archive: pinned,
    manifest_sha256: archive.manifestSha256,
    ...(converted === undefined ? {} : { converted }),
    proven_manifest: archive.provenManifest,
    models,
    unfiltered,
    reads_all_blobs: unfiltered && models.length === archive.manifest.scope.models.length,
    empty_models: emptyModels,
    items: planRanges(archive, models, filters.ids, limits),
    blob_segments: archive.segments.flatMap(({ model }, k) => (model === undefined ? [k] : [])),
    missing_blobs: archive.manifest.missing_blobs,
    ...(unfiltered ? { expected: countsOf(archive, models) } : {}),
  }
}

/** Returns the numbers of resources and revisions in the manifest. */
const countsOf = ({ manifest }: OpenArchive, models: readonly string[]): NonNullable<RestorePlan['expected']> => ({
  resources: models.reduce((sum, model) => sum + (manifest.models[model]?.resources ?? 0), 0),
  revisions: models.reduce((sum, model) => sum + (manifest.models[model]?.revisions ?? 0), 0),
})

/** Returns the requested models, or all models of the archive. */
const modelsToRead = (
  registry: ModelRegistry,
  { manifest }: OpenArchive,
  requested: readonly string[] | undefined,
): readonly string[] => {
  const sections = manifest.scope.models
  const models = requested ?? sections
  const missing = models.find((model) => !sections.includes(model))
  if (missing !== undefined) throw new SectionMissingError(missing, sections)
  const unknown = models.filter((model) => !registry.has(model))
  if (unknown.length > 0) throw new UnknownModelsError(unknown, registry.names)
  return models
}
