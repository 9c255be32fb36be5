import { type Manifest, type ManifestSegment, placeSegment } from '../archive/manifest.ts'
import { BlobsMissingError } from '../blobs/errors.ts'
import type { ExportJob } from '../jobs/job.ts'
import { allResults, untyped } from '../jobs/pass.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import { compareBytes } from '../values/text-order.ts'
import type { BlobsResult } from './blobs.ts'
import { exportPlan } from './plan.ts'
import type { RecordsResult } from './records.ts'
import { manifestModels, missingBlobs } from '../compose/manifest-models.ts'
import type { WrittenSegment } from '../compose/records-target.ts'

/** Before reading began, so that writers whose clocks are behind fall into the next window. */
const SINCE_MARGIN_MS = 15 * 60_000

/** All segments of an export in the order of the archive, and the manifest that describes them. */
export interface Assembled {
  readonly manifest: Manifest
  readonly segments: readonly PinnedObject[]
}

/** Puts together what the workers left as results. Fails under `strict` where blobs are missing. */
export const assemble = async (services: Services, job: ExportJob): Promise<Assembled> => {
  const records = (await allResults(services, job.job_id, untyped<RecordsResult>('export-records'))).flatMap(
    ({ segments }) => segments,
  )
  const blobs = await allResults(services, job.job_id, untyped<BlobsResult>('export-blobs'))
  const missing = await missingBlobs(services.objects, blobs)
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
      models: await manifestModels(services.objects, job.request.models, records, blobs),
      blobs: {
        count: blobs.reduce((sum, result) => sum + result.blobs, 0),
        bytes: blobs.reduce((sum, result) => sum + result.bytes, 0),
      },
      segments,
    },
  }
}
