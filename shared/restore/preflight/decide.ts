import { modelDigest } from '../../archive/digest.ts'
import { checkLeftOut } from '../../archive/check-left-out.ts'
import { ArchiveInvalidError } from '../../archive/errors.ts'
import type { Manifest } from '../../archive/manifest.ts'
import { readBuckets } from '../../compose/read-buckets.ts'
import { archiveJob } from '../../jobs/find-job.ts'
import type { Limits } from '../../jobs/limits.ts'
import { plannedItems, type StageInput } from '../../jobs/messages.ts'
import { allResults, sortedResults } from '../../jobs/pass.ts'
import { countOf } from '../../values/model-counts.ts'
import { MAX_LISTED } from '../../values/message-text.ts'
import { DuplicatesError } from '../errors.ts'
import { APPLY_BLOBS } from '../messages/apply.ts'
import { RESTORE_PLAN, type RestorePlan } from '../messages/inspect.ts'
import { type RestoreDecision, type Extent, PREFLIGHT, type PreflightResult } from '../messages/preflight.ts'
import { BLOB_LISTS, PREFLIGHT_BLOBS, type PreflightBlobsResult } from '../messages/preflight-blobs.ts'
import { openPlannedArchive, type OpenRestoreServices } from '../open-restore.ts'
import { streamFaultPages } from '../results/stream-faults.ts'
import { firstDetails } from '../results/preflight-details.ts'

/**
 * Decides whether the restore may write, and plans the map items of `apply-blobs`. No earlier stage writes to the
 * store. Throws `ArchiveInvalidError` if the archive differs from its manifest. Under `raise_error`, throws
 * `DuplicatesError` if a resource exists, or if a blob exists with other bytes or headers.
 * For a check, also reads the list of the resources that the export left out.
 */
export const decide = async (
  { job_id }: StageInput,
  services: OpenRestoreServices & { readonly limits: Pick<Limits, 'mapItems'> },
): Promise<RestoreDecision> => {
  const { jobs, workFiles, limits } = services
  const job = await archiveJob(services, job_id)
  const plan = await workFiles.read(RESTORE_PLAN, job_id)
  // Nothing has been written yet, so this is the last moment to find that the archive was replaced.
  const archive = await openPlannedArchive(services, plan)
  const { manifest } = archive
  const preflight = await allResults(services, job_id, PREFLIGHT)
  const extents = preflight.flatMap((result) => result.extents)
  const lists = await sortedResults(services, job_id, PREFLIGHT_BLOBS)
  const blobs = lists.map(({ result }) => result)
  if (plan.unfiltered) await checkManifest(services, plan, manifest, extents, blobs)
  if (job.kind === 'check') {
    await checkLeftOut(archive)
    return { ...plannedItems(job_id, 0, limits), write: false }
  }
  if (job.request.on_duplicate === 'raise_error') await rejectDuplicates(services, preflight, blobs)
  if (job.request.dry_run) return { ...plannedItems(job_id, 0, limits), write: false }
  const keys = lists.map(({ n, pass }) => ({ n, pass }))
  await workFiles.write(BLOB_LISTS, keys, job_id)
  await jobs.plan(job_id, APPLY_BLOBS.name, blobs.length, {
    written: sumOf(blobs, ({ actions, to_write = actions.new + actions.changed }) => to_write),
  })
  return { ...plannedItems(job_id, blobs.length, limits), write: true }
}

/**
 * Compares the counts and digests in the manifest with those that preflight has computed from the records and blobs.
 */
const checkManifest = async (
  services: Pick<OpenRestoreServices, 'objects' | 'workFiles'>,
  plan: RestorePlan,
  manifest: Manifest,
  extents: readonly Extent[],
  blobs: readonly PreflightBlobsResult[],
): Promise<void> => {
  const faultyModels = new Set((await streamFaultPages(services, plan)).map(({ model }) => model))
  for (const model of plan.models) {
    const stated = manifest.models[model]
    if (stated === undefined) throw new ArchiveInvalidError(`the manifest has no entry for model ${model}`)
    const own = extents.filter((extent) => extent.model === model)
    const section = `model ${model}`
    const leftOut = own.flatMap(({ left_out }) => left_out ?? [])
    expectEqual(
      section,
      'resources',
      stated.resources,
      sumOf(own, ({ resources }) => resources) + sumOf(leftOut, ({ metadata }) => metadata),
    )
    expectEqual(
      section,
      'revisions',
      stated.revisions,
      sumOf(own, ({ revisions }) => revisions) + sumOf(leftOut, ({ revisions }) => revisions),
    )
    // The manifest counts the blobs of all resources. If resources are left out, their blobs are unknown, and the
    // counts cannot be compared.
    if (leftOut.length === 0 && !faultyModels.has(model))
      expectEqual(
        section,
        'blobs',
        stated.blobs,
        sumOf(blobs, ({ models }) => countOf(models, model)),
      )
    if (leftOut.every(({ in_digest }) => in_digest))
      expectEqual(
        section,
        'digest',
        stated.digest,
        modelDigest(
          await readBuckets(
            services.objects,
            own.map(({ digests }) => digests),
          ),
        ),
      )
  }
  if (!plan.reads_all_blobs) return
  expectEqual(
    'blobs',
    'count',
    manifest.blobs.count,
    sumOf(blobs, (result) => result.blobs),
  )
  expectEqual(
    'blobs',
    'bytes',
    manifest.blobs.bytes,
    sumOf(blobs, ({ bytes }) => bytes),
  )
}

const sumOf = <T>(all: readonly T[], count: (one: T) => number): number =>
  all.reduce((total, one) => total + count(one), 0)

const expectEqual = (section: string, what: string, stated: string | number, actual: string | number): void => {
  if (stated !== actual)
    throw new ArchiveInvalidError(
      `${section}: the manifest states ${what} ${stated}, but the archive contains ${actual}`,
    )
}

const rejectDuplicates = async (
  { workFiles }: Pick<OpenRestoreServices, 'workFiles'>,
  preflight: readonly PreflightResult[],
  blobs: readonly PreflightBlobsResult[],
): Promise<void> => {
  const extents = preflight.flatMap((result) => result.extents)
  const count = sumOf(extents, ({ duplicates }) => duplicates) + sumOf(blobs, ({ different }) => different)
  if (count === 0) return
  const resourceIds = await firstDetails({ workFiles }, preflight, 'duplicates', MAX_LISTED)
  const blobIds = blobs.flatMap(({ different_blobs }) => different_blobs.map(({ id }) => `blob ${id}`))
  throw new DuplicatesError(count, [...resourceIds, ...blobIds].slice(0, MAX_LISTED))
}
