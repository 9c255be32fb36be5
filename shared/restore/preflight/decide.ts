import { ArchiveInvalidError } from '../../archive/errors.ts'
import { decodeBuckets, modelDigest } from '../../archive/digest.ts'
import type { Manifest } from '../../archive/manifest.ts'
import { allResults, untyped } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { Services } from '../../runtime/services.ts'
import { DuplicatesError } from '../errors.ts'
import { openPlanned, type RestorePlan, restorePlan } from '../inspect/restore-plan.ts'
import type { PreflightBlobsResult } from './preflight-blobs.ts'
import { type Extent, type PreflightResult, toldOf } from './preflight.ts'
import { countOf } from '../../values/model-counts.ts'

/** An answer shows this many duplicates, and counts all. */
const SHOWN_IDS = 100

/** `write` is false on a dry run: then the report comes next. */
export type Decision = PlannedItems & { readonly write: boolean }

/**
 * The last look before the first write: what was read must be what the manifest says, and under `raise_error` nothing may
 * exist. Up to here nothing has been written to the store.
 */
export const decide = async ({ job_id }: StageInput, services: Services): Promise<Decision> => {
  const { request } = await restoreJob(services, job_id)
  const plan = await restorePlan(services, job_id)
  const { manifest } = await openPlanned(services, plan)
  const preflight = await allResults(services, job_id, untyped<PreflightResult>('preflight'))
  const extents = preflight.flatMap((result) => result.extents)
  const blobs = await allResults(services, job_id, untyped<PreflightBlobsResult>('preflight-blobs'))
  if (plan.whole) await checkSums(services, plan, manifest, extents, blobs)
  if (request.on_duplicate === 'raise_error') await refuseDuplicates(services, preflight, blobs)
  const children = request.dry_run ? 0 : await blobChildren(services, job_id)
  if (!request.dry_run) await services.jobs.plan(job_id, 'apply-blobs', children)
  return { ...plannedItems(job_id, children), write: !request.dry_run }
}

/** One child for each list of blobs that a pass of preflight made. */
const blobChildren = async (services: Services, jobId: string): Promise<number> =>
  (await allResults(services, jobId, untyped<PreflightBlobsResult>('preflight-blobs'))).length

const checkSums = async (
  services: Services,
  plan: RestorePlan,
  manifest: Manifest,
  extents: readonly Extent[],
  blobs: readonly PreflightBlobsResult[],
): Promise<void> => {
  for (const model of plan.models) {
    const said = manifest.models[model]
    if (said === undefined) throw new ArchiveInvalidError(`the manifest says nothing of model ${model}`)
    const own = extents.filter((extent) => extent.model === model)
    const buckets = []
    for (const { digests } of own)
      buckets.push(...decodeBuckets(await services.objects.readBytes(digests, 0, digests.size)))
    const sum = (of: (extent: Extent) => number): number => own.reduce((total, extent) => total + of(extent), 0)
    const held = blobs.reduce((total, { models }) => total + countOf(models, model), 0)
    expectEqual(
      model,
      'resources',
      said.resources,
      sum(({ resources }) => resources),
    )
    expectEqual(
      model,
      'revisions',
      said.revisions,
      sum(({ revisions }) => revisions),
    )
    expectEqual(model, 'blobs', said.blobs, held)
    expectEqual(model, 'digest', said.digest, modelDigest(buckets))
  }
  expectEqual(
    'blobs',
    'count',
    manifest.blobs.count,
    blobs.reduce((total, result) => total + result.blobs, 0),
  )
  expectEqual(
    'blobs',
    'bytes',
    manifest.blobs.bytes,
    blobs.reduce((total, result) => total + result.bytes, 0),
  )
}

const expectEqual = (of: string, what: string, said: string | number, found: string | number): void => {
  if (said !== found)
    throw new ArchiveInvalidError(`${of}: the manifest says ${what} ${said}, the archive has ${found}`)
}

const refuseDuplicates = async (
  services: Services,
  preflight: readonly PreflightResult[],
  blobs: readonly PreflightBlobsResult[],
): Promise<void> => {
  const count =
    preflight.flatMap(({ extents }) => extents).reduce((total, { duplicates }) => total + duplicates, 0) +
    blobs.reduce((total, { different }) => total + different, 0)
  if (count === 0) return
  const ids = [
    ...(await toldOf(services, preflight, 'duplicates', SHOWN_IDS)),
    ...blobs.flatMap(({ different_blobs }) => different_blobs.map(({ id }) => `blob ${id}`)),
  ]
  throw new DuplicatesError(count, ids.slice(0, SHOWN_IDS))
}
