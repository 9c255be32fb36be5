import { ArchiveInvalidError } from '../../archive/errors.ts'
import type { OpenArchive } from '../../archive/archive.ts'
import { openArchive } from '../../archive/open.ts'
import type { RestoreRequest } from '../../jobs/job.ts'
import { JobCancelledError } from '../../jobs/errors.ts'
import { beginJob, restoreJob } from '../../jobs/find-job.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { hashKeyOf } from '../../resources/keys.ts'
import type { Services } from '../../runtime/services.ts'
import { convertedArchive } from '../convert/converted-archive.ts'
import { SectionMissingError, UnknownModelsError } from '../errors.ts'
import { pinArchive } from './pin-archive.ts'
import type { RecordsItem, RestorePlan, SegmentShare } from './restore-plan.ts'
import { workKey } from '../work-keys.ts'

/**
 * Reads trailer and manifest (of what a stream was converted to, where it is one), pins the archive's version, checks the scope, takes the leases and plans the records.
 * A repeat takes the leases again (with a new epoch) and keeps the plan.
 */
export const inspect = async ({ job_id }: StageInput, services: Services): Promise<PlannedItems> => {
  const { objects, config, jobs } = services
  const { request } = await restoreJob(services, job_id)
  await beginJob(services, job_id)
  const key = workKey.plan(job_id)
  let plan = await objects.getJson<RestorePlan>(config.buckets.work, key)
  if (plan === undefined) {
    const converted = await convertedArchive(services, job_id)
    const object = converted?.archive ?? (await pinArchive(services, request))
    const archive = await openArchive(objects.sourceOf(object))
    const models = scope(services, archive, request)
    await takeLeases(services, job_id, request, models)
    plan = await planRestore(services, request, archive, object, models)
    if (converted !== undefined) plan = { ...plan, converted }
    await objects.putJson(config.buckets.work, key, plan)
  } else await takeLeases(services, job_id, request, plan.models)
  await jobs.plan(job_id, 'preflight', plan.items.length)
  return plannedItems(job_id, plan.items.length)
}

/** The job knows its leases before it has them: whatever ends it can give them back. */
const takeLeases = async (
  { jobs, leases }: Services,
  jobId: string,
  request: RestoreRequest,
  models: readonly string[],
): Promise<void> => {
  if (request.dry_run) return
  const job = await jobs.change(jobId, { leased: models }, { from: ['running'] })
  if (job === undefined) throw new JobCancelledError(jobId, 'no longer running')
  await leases.takeAll(models, jobId)
}

/** What a target holds is looked at under the leases: no other restore fills it meanwhile. */
const planRestore = async (
  services: Services,
  request: RestoreRequest,
  archive: OpenArchive,
  object: PinnedObject,
  models: readonly string[],
): Promise<RestorePlan> => {
  const empty: string[] = []
  for (const model of models) if (await services.resources.isEmpty(model)) empty.push(model)
  return {
    archive: object,
    manifest_sha256: archive.manifestSha256,
    proven_manifest: archive.provenManifest,
    models,
    whole: Object.keys(request.filters).length === 0,
    empty,
    items: planItems(archive, models, request.filters.ids, services.limits.rangeBytes),
    blob_segments: archive.segments.flatMap(({ model }, k) => (model === undefined ? [k] : [])),
    missing_blobs: archive.manifest.missing_blobs,
  }
}

/** The models to restore: those asked for, else every section. All of the archive's sections must be registered. */
const scope = (services: Services, archive: OpenArchive, { models }: RestoreRequest): readonly string[] => {
  const sections = archive.manifest.scope.models
  const wanted = models ?? sections
  const missing = wanted.filter((model) => !sections.includes(model))
  if (missing[0] !== undefined) throw new SectionMissingError(missing[0], sections)
  const registered = services.models.names
  const unknown = wanted.filter((model) => !registered.includes(model))
  if (unknown.length > 0) throw new UnknownModelsError(unknown, registered)
  return wanted
}

/** Packs the wanted segments into children of about `rangeBytes` each, in order. */
const planItems = (
  archive: OpenArchive,
  models: readonly string[],
  ids: readonly string[] | undefined,
  rangeBytes: number,
): RecordsItem[] => {
  const items: RecordsItem[] = []
  let item: SegmentShare[] = []
  let bytes = 0
  const close = (): void => {
    if (item.length > 0) items.push(item)
    item = []
    bytes = 0
  }
  for (const { share, size } of models.flatMap((model) => sharesOf(archive, model, ids))) {
    if (item.length > 0 && bytes + size > rangeBytes) close()
    item.push(share)
    bytes += size
  }
  close()
  return items
}

/** A model's segments, and how its part of the target is divided among them. With `ids`, only those that can hold one. */
const sharesOf = (
  archive: OpenArchive,
  model: string,
  ids: readonly string[] | undefined,
): { share: SegmentShare; size: number }[] => {
  const own = archive.segments.flatMap((segment, k) =>
    segment.model === model
      ? [{ k, first: hOf(segment.first_h, k), last: hOf(segment.last_h, k), size: segment.size }]
      : [],
  )
  for (const [k, { first, last }] of own.entries()) {
    const before = own[k - 1]
    if (first > last || (before !== undefined && before.last.slice(0, 4) >= first.slice(0, 4)))
      throw new ArchiveInvalidError(`segments of model ${model} are not whole runs of buckets in order (${first})`)
  }
  if (own.length === 0) return ids === undefined ? [{ share: { model }, size: 0 }] : []
  const places = ids?.map(hashKeyOf)
  return own.flatMap(({ k, first, last, size }, place) => {
    if (places !== undefined && !places.some((h) => first <= h && h <= last)) return []
    const before = own[place - 1]
    const share: SegmentShare = {
      model,
      segment: k,
      // `g` sorts after every hex digit and `/`: the run ends after all ids of this place.
      ...(before === undefined ? {} : { after: `${before.last}g` }),
      ...(place === own.length - 1 ? {} : { upTo: `${last}g` }),
    }
    return [{ share, size: places === undefined ? size : 0 }]
  })
}

const hOf = (h: string | undefined, segment: number): string => {
  if (h === undefined) throw new ArchiveInvalidError(`segment ${segment} of records has no first_h or last_h`)
  return h
}
