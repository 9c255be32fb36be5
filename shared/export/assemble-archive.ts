import { hash } from 'node:crypto'
import {
  encodeLeftOut,
  type LeftOut,
  type UnrestorableStoredResource,
  MAX_LEFT_OUT_IN_MANIFEST,
} from '../archive/left-out.ts'
import type { Manifest } from '../archive/manifest.ts'
import { BLOCK } from '../archive/tar-header.ts'
import type { MissingBlob } from '../blobs/referrer.ts'
import { manifestModels, manifestSegments } from '../compose/manifest-parts.ts'
import { missingError, readMissingBlobs } from '../compose/missing-blobs.ts'
import type { WrittenSegment } from '../compose/segments.ts'
import type { ExportJob } from '../jobs/job.ts'
import { listedReferrers } from '../jobs/listed-blobs.ts'
import { allResults } from '../jobs/pass.ts'
import type { PinnedObject } from '../objects/object.ts'
import { compareBytes } from '../values/text-order.ts'
import { readLeftOut } from './left-out.ts'
import { EXPORT_BLOBS, EXPORT_PLAN, EXPORT_RECORDS } from './messages.ts'
import type { TailServices } from './tail-services.ts'

/**
 * `next_since` is this number of milliseconds earlier than the start of the export. The next incremental export begins
 * at `next_since`, and must not miss resources that were written with a slow clock. Clocks may be up to 15 minutes
 * slow.
 */
const SINCE_MARGIN_MS = 15 * 60_000

/** The segments of an export, in the order in which the archive contains them, and the manifest that describes them. */
interface AssembledArchive {
  readonly manifest: Manifest
  readonly segments: readonly PinnedObject[]
  /** The missing blobs with the resources that refer to them, for the result of the job. */
  readonly referred_by?: readonly MissingBlob[]
  /** The content of the entry `left-out.jsonl.zst`, if resources were left out. */
  readonly leftOut?: Buffer
}

/**
 * Returns the segments and the manifest of the archive, from the results of all passes. Throws `BlobsMissingError` if
 * blobs are missing and the export is strict.
 */
export const assembleArchive = async (services: TailServices, job: ExportJob): Promise<AssembledArchive> => {
  const { objects, workFiles, config, clock } = services
  const recordsResults = await allResults(services, job.job_id, EXPORT_RECORDS)
  const records = recordsResults.flatMap(({ segments }) => segments)
  const blobs = await allResults(services, job.job_id, EXPORT_BLOBS)
  const missing = await readMissingBlobs(workFiles, blobs)
  if (missing.length > 0 && job.request.strict) throw missingError(missing)

  const inOrder: WrittenSegment[] = [
    ...records.toSorted(
      (a, b) => compareBytes(a.model, b.model) || compareBytes(a.summary.first_h ?? '', b.summary.first_h ?? ''),
    ),
    ...blobs.flatMap((result) => ('segments' in result ? result.segments : [])),
  ]
  const leftOut = await assembleLeftOut(
    await readLeftOut(workFiles, recordsResults),
    inOrder.reduce((sum, { object }) => sum + object.size, 0),
  )
  const { started_at, blob_paths } = await workFiles.read(EXPORT_PLAN, job.job_id)
  return {
    segments: inOrder.map(({ object }) => object),
    ...listedReferrers(missing),
    ...(leftOut === undefined ? {} : { leftOut: leftOut.content }),
    manifest: {
      format: 'acbak',
      version: 3,
      job_id: job.job_id,
      created_at: clock().toISOString(),
      source: { deployment: config.deployment, region: config.region },
      scope: { models: [...job.request.models], filters: { ...job.request.filters } },
      started_at,
      next_since: new Date(Date.parse(started_at) - SINCE_MARGIN_MS).toISOString(),
      complete: missing.length === 0 && leftOut === undefined,
      missing_blobs: missing.map(({ id }) => id),
      ...(leftOut === undefined ? {} : { left_out: leftOut.member }),
      models: await manifestModels(objects, job.request.models, records, blobs, blob_paths),
      blobs: {
        count: blobs.reduce((sum, result) => sum + result.blobs, 0),
        bytes: blobs.reduce((sum, result) => sum + result.bytes, 0),
      },
      segments: manifestSegments(inOrder),
    },
  }
}

/**
 * Returns the content of the entry `left-out.jsonl.zst`, and the value of the manifest's member `left_out`. `offset` is
 * the offset of the entry's tar header in the archive. Returns undefined if no resource was left out.
 */
const assembleLeftOut = async (
  resources: readonly UnrestorableStoredResource[],
  offset: number,
): Promise<{ readonly content: Buffer; readonly member: LeftOut } | undefined> => {
  if (resources.length === 0) return undefined
  const { content, unpacked_size } = await encodeLeftOut(resources)
  const list = { offset: offset + BLOCK, size: content.length, sha256: hash('sha256', content), unpacked_size }
  return {
    content,
    member: { count: resources.length, resources: resources.slice(0, MAX_LEFT_OUT_IN_MANIFEST), list },
  }
}
