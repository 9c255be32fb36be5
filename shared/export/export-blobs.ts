import { isPayloadPosition } from '../blobs/blob-references.ts'
import { BlobsMissingError } from '../blobs/errors.ts'
import { missingBlob, type MissingBlob } from '../blobs/referrer.ts'
import { BlobSegment } from '../compose/blob-segment.ts'
import { writeMissingBlobs } from '../compose/missing-blobs.ts'
import { UnreadableContent } from '../compose/open-content.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { type Attempt, runPass } from '../jobs/pass.ts'
import { Composer } from '../objects/composer.ts'
import { type BlobsResult, EXPORT_BLOBS, workName } from './messages.ts'
import { type ReadBlobsServices, openBlobs, plannedBlobs } from './read-blobs.ts'
import { exportStreamBlobs } from './stream-blobs.ts'

/**
 * The size at which a segment ends. S3 limits an object to 5 TiB and 10,000 parts, so 1 TiB leaves a wide margin. The
 * smaller limit `segmentBytes` is not sufficient. It counts only the bytes that the worker reads, and S3 copies large
 * blobs without the worker.
 */
const MAX_COPIED_BYTES = 1024 ** 4

/**
 * Runs one pass over a range of blobs. The pass writes each blob to a segment, or to pieces of a stream, in the order
 * of positions.
 */
export const exportBlobs = (input: PassInput, services: ReadBlobsServices): Promise<PassOutput> =>
  runPass(EXPORT_BLOBS, input, services, async (attempt) => {
    const { request } = await exportJob(services, input.job_id)
    return request.format === 'specstar'
      ? exportStreamBlobs(attempt, services, request)
      : exportSegment(attempt, services)
  })

const exportSegment = async (attempt: Attempt, services: ReadBlobsServices): Promise<BlobsResult> => {
  const { job_id, n, pass, cursor = '' } = attempt
  const { objects, workFiles, limits } = services
  const references = (await plannedBlobs(services, attempt)).filter(({ position }) => position >= cursor)
  const key = workFiles.key(job_id, workName.segment(EXPORT_BLOBS.name, n, attempt.attempt, 0))
  const composer = new Composer(objects, workFiles.bucket, key)
  const name = `blobs-${n.toString().padStart(5, '0')}-${pass.toString().padStart(2, '0')}`
  const segment = new BlobSegment(name, composer)
  const missing: MissingBlob[] = []
  let stoppedAt: string | undefined
  try {
    for await (const { reference, content } of openBlobs(services, references)) {
      const isFull =
        segment.bytesRead >= limits.segmentBytes ||
        segment.bytes >= MAX_COPIED_BYTES ||
        segment.indexBytes >= limits.indexBytes
      if ((attempt.timeIsUp() || isFull) && segment.entries > 0) {
        stoppedAt = reference.position
        break
      }
      if (!(content instanceof UnreadableContent)) {
        const { object } = content
        await segment.add(reference, { ...content, range: { object, start: 0, length: object.size } })
      } else if (isPayloadPosition(reference.position)) throw new BlobsMissingError([`payloads/${reference.id}`])
      else missing.push(missingBlob({ ...reference, reason: content.reason }))
    }
    const written = await segment.finish()
    return {
      done: stoppedAt === undefined,
      ...(stoppedAt === undefined ? {} : { cursor: stoppedAt }),
      ...(written === undefined ? {} : { segment: written }),
      blobs: segment.blobs,
      bytes: segment.blobBytes,
      models: segment.models,
      missing: missing.length,
      ...(await writeMissingBlobs(workFiles, attempt, missing)),
    }
  } catch (error) {
    await composer.abort()
    throw error
  }
}
