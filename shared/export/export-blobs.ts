import * as z from 'zod'
import { isPayloadPosition } from '../blobs/blob-references.ts'
import { BlobsMissingError } from '../blobs/errors.ts'
import { missingBlob, type MissingBlob } from '../blobs/referrer.ts'
import { writeMissingBlobs } from '../compose/missing-blobs.ts'
import { LargeContent, UnreadableContent } from '../compose/open-content.ts'
import { whileStoring } from '../throttling/call-context.ts'
import { continueAt, readCursor } from '../jobs/cursor.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { type Attempt, runPass } from '../jobs/pass.ts'
import { EXPORT_MERGE, isMergeCursor, mergeLists } from '../jobs/reference-merge.ts'
import { untilThrottled } from '../jobs/until-throttled.ts'
import { ExportedBlobs } from './exported-blobs.ts'
import { dropUpload, LargeBlobPosition } from './large-blob.ts'
import { BLOB_PLAN, type BlobPlan, type BlobsResult, EXPORT_BLOBS } from './messages.ts'
import { type ReadBlobsServices, openBlobs, plannedBlobs } from './read-blobs.ts'
import { exportStreamBlobs } from './stream-blobs.ts'
import { abandon } from '../objects/abandon.ts'

/** The position at which a pass that writes segments continues. `large` is the position inside its first blob. */
const SegmentsCursor = z.object({ position: z.string(), large: z.exactOptional(LargeBlobPosition) })

/**
 * Runs one pass of a map item. In the last round, the pass goes over a range of blobs. It writes each blob to a
 * segment, or to pieces of a stream, in the order of positions. In an earlier round, the pass merges lists of
 * references.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over before the next blob. It then sends the
 * throttled parts of its segment again.
 */
export const exportBlobs = async (input: PassInput, services: ReadBlobsServices): Promise<PassOutput> => {
  const plan = await services.workFiles.find(BLOB_PLAN, input.job_id)
  if (plan === undefined || isMergeCursor(input))
    return runPass(EXPORT_MERGE, input, services, (attempt) => mergeLists(attempt, services))
  return runPass(EXPORT_BLOBS, input, services, async (attempt) => {
    const { request } = await exportJob(services, input.job_id)
    return request.format === 'specstar'
      ? exportStreamBlobs(attempt, services, plan, request)
      : exportSegments(attempt, services, plan)
  })
}

const exportSegments = async (attempt: Attempt, services: ReadBlobsServices, plan: BlobPlan): Promise<BlobsResult> => {
  const { workFiles, limits, objects } = services
  const start = readCursor(SegmentsCursor, attempt) ?? { position: '' }
  const references = await plannedBlobs(objects, plan, attempt, start.position)
  const exported = new ExportedBlobs(attempt, services)
  const missing: MissingBlob[] = []
  let cursor: z.output<typeof SegmentsCursor> | undefined
  let opened = 0
  const hasFinished = (): boolean => exported.hasEntries || missing.length > 0
  const blobs = untilThrottled(attempt, openBlobs(services, references, limits.largeBlobBytes), hasFinished, () => {
    cursor = { position: references[opened]?.position ?? '' }
  })
  try {
    for await (const { reference, content } of blobs) {
      const { position, id } = reference
      opened += 1
      if ((attempt.timeIsUp() || exported.isFull) && exported.hasEntries) {
        cursor = { position }
        break
      }
      const large = position === start.position ? start.large : undefined
      if (!(content instanceof LargeContent)) await dropUpload(services, large)
      let unreadable = content instanceof UnreadableContent ? content : undefined
      if (content instanceof LargeContent) {
        const written = await exported.addLarge(reference, content, large).catch((error: unknown) => {
          if (!hasFinished() || !attempt.mustHandOver(error)) throw error
          return 'throttled' as const
        })
        if (written === 'throttled') {
          cursor = { position }
          break
        }
        if (written !== undefined && !(written instanceof UnreadableContent)) {
          cursor = { position, large: written }
          break
        }
        unreadable = written
      } else if (!(content instanceof UnreadableContent)) await exported.add(reference, content)
      // The pass then stops before the next blob. `finish` sends the throttled part again.
      if (exported.throttled !== undefined) attempt.mustHandOver(exported.throttled)
      if (unreadable === undefined) continue
      if (isPayloadPosition(position)) throw new BlobsMissingError([`payloads/${id}`])
      missing.push(missingBlob({ ...reference, reason: unreadable.reason }))
    }
    return await whileStoring(async () => ({
      ...continueAt(cursor),
      ...(await exported.finish()),
      missing: missing.length,
      ...(await writeMissingBlobs(workFiles, attempt, missing)),
    }))
  } catch (error) {
    await abandon(exported)
    throw error
  }
}
