import { decodeBuckets, modelDigest } from '../archive/digest.ts'
import { type Manifest, type ManifestSegment, placeSegment } from '../archive/manifest.ts'
import { BlobsMissingError } from '../blobs/errors.ts'
import type { ExportJob } from '../jobs/job.ts'
import { allResults } from '../jobs/pass.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import { compareBytes } from '../values/text-order.ts'
import type { BlobsResult } from './blobs.ts'
import { exportPlan } from './plan.ts'
import type { RecordsResult } from './records.ts'
import type { RecordsSegment, WrittenSegment } from '../compose/records-target.ts'
import { countOf } from '../values/model-counts.ts'

/** Before reading began, so that writers whose clocks are behind fall into the next window. */
const SINCE_MARGIN_MS = 15 * 60_000

/** All segments of an export in the order of the archive, and the manifest that describes them. */
export interface Assembled {
  readonly manifest: Manifest
  readonly segments: readonly PinnedObject[]
}

/** Puts together what the workers left as results. Fails under `strict` where blobs are missing. */
export const assemble = async (services: Services, job: ExportJob): Promise<Assembled> => {
  const records = (await allResults<RecordsResult>(services, job.job_id, 'records')).flatMap(({ segments }) => segments)
  const blobs = await allResults<BlobsResult>(services, job.job_id, 'blobs')
  const missing = await missingBlobs(services, blobs)
  if (missing.length > 0 && job.request.strict) throw new BlobsMissingError(missing)

  const inOrder: (WrittenSegment & { model?: string })[] = [
    ...[...records].sort(
      (a, b) => compareBytes(a.model, b.model) || compareBytes(a.summary.first_h ?? '', b.summary.first_h ?? ''),
    ),
    ...blobs.flatMap(({ segment }) => (segment === undefined ? [] : [segment])),
  ]
  let offset = 0
  const segments: ManifestSegment[] = inOrder.map(({ summary }) => {
    const at = offset
    offset += summary.size
    return placeSegment(summary, at)
  })
  const { started_at } = await exportPlan(services, job.job_id)
  return {
    segments: inOrder.map(({ object }) => object),
    manifest: {
      format: 'acbak',
      version: 3,
      job_id: job.job_id,
      created_at: services.clock().toISOString(),
      source: { deployment: services.config.deployment, region: services.config.region },
      scope: { models: [...job.request.models], filters: { ...job.request.filters } },
      started_at,
      next_since: new Date(Date.parse(started_at) - SINCE_MARGIN_MS).toISOString(),
      complete: missing.length === 0,
      missing_blobs: missing,
      models: await manifestModels(services, job.request.models, records, blobs),
      blobs: {
        count: blobs.reduce((sum, result) => sum + result.blobs, 0),
        bytes: blobs.reduce((sum, result) => sum + result.bytes, 0),
      },
      segments,
    },
  }
}

/** What the manifest says of each model, out of its segments. */
export const manifestModels = async (
  services: Services,
  models: readonly string[],
  records: readonly RecordsSegment[],
  blobs: readonly Pick<BlobsResult, 'models'>[],
): Promise<Manifest['models']> => {
  const entries: [string, Manifest['models'][string]][] = []
  for (const model of models) {
    const own = records
      .filter((segment) => segment.model === model)
      .sort((a, b) => compareBytes(a.summary.first_h ?? '', b.summary.first_h ?? ''))
    const buckets = []
    for (const { digests } of own) {
      buckets.push(...decodeBuckets(await services.objects.readBytes(digests, 0, digests.size)))
    }
    entries.push([
      model,
      {
        resources: own.reduce((sum, { resources }) => sum + resources, 0),
        revisions: own.reduce((sum, { revisions }) => sum + revisions, 0),
        blobs: blobs.reduce((sum, result) => sum + countOf(result.models, model), 0),
        digest: modelDigest(buckets),
      },
    ])
  }
  return Object.fromEntries(entries)
}

/** The missing ids of all passes, sorted by UTF-8 bytes. */
export const missingBlobs = async (
  services: Services,
  results: readonly Pick<BlobsResult, 'missing_list'>[],
): Promise<string[]> => {
  const ids: string[] = []
  for (const { missing_list } of results) {
    if (missing_list === undefined) continue
    const bytes = await services.objects.readBytes(missing_list, 0, missing_list.size)
    // One by one: a call takes no hundred thousand arguments.
    for (const id of JSON.parse(bytes.toString()) as string[]) ids.push(id)
  }
  // A stream's blob is in the section of each model that refers to it, and missing from each.
  return [...new Set(ids)].sort(compareBytes)
}
