import { BlobsMissingError } from '../blobs/errors.ts'
import { type Attempt, type PassResult, runPass, untyped } from '../jobs/pass.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { Composer } from '../objects/composer.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import { BlobSegment } from '../compose/blob-segment.ts'
import type { WrittenSegment } from '../compose/records-target.ts'
import { exportStreamBlobs } from './stream-blobs.ts'
import { type BlobsPiece, readAhead, wantedBlobs } from './wanted-blobs.ts'
import { workKey } from './work-keys.ts'

export interface BlobsResult extends PassResult {
  readonly segment?: WrittenSegment
  /** Blobs in the segment (payloads are not counted), and their bytes. */
  readonly blobs: number
  readonly bytes: number
  /** The different blobs in the segment that each model refers to. */
  readonly models: Readonly<Record<string, number>>
  readonly missing: number
  /** The missing ids, as a JSON list. */
  readonly missing_list?: PinnedObject
  /** Of SpecStar's stream, where the export writes one; then there is no segment. */
  readonly pieces?: readonly BlobsPiece[]
}

/**
 * What the storage copies by itself costs no time, and a pass for every few hundred MiB of it would be thousands of passes.
 * A segment is closed here all the same: its parts and its size stay far from the bounds of S3.
 */
const MOST_COPIED = 1024 ** 4

/** One pass over a range of blobs: each is read once and laid into a segment, in the order of its place. */
export const exportBlobs = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass(untyped<BlobsResult>('export-blobs'), input, services, async (attempt) => {
    const { request } = await exportJob(services, input.job_id)
    return request.format === 'specstar'
      ? exportStreamBlobs(attempt, services, request.models)
      : exportPass(attempt, services)
  })

const exportPass = async (attempt: Attempt, services: Services): Promise<BlobsResult> => {
  const { job_id, n, cursor = '' } = attempt
  const { objects, config } = services
  const wanted = (await wantedBlobs(services, attempt)).filter(({ position }) => position >= cursor)
  const composer = new Composer(objects, config.buckets.work, workKey.segment(job_id, 'blobs', n, attempt.attempt, 0))
  const name = `blobs-${n.toString().padStart(5, '0')}-${attempt.pass.toString().padStart(2, '0')}`
  const writer = new BlobSegment(name, composer)
  try {
    const missing: string[] = []
    let stoppedAt: string | undefined
    for await (const { seen, stored } of readAhead(services, wanted)) {
      const full = writer.throughBytes >= services.limits.segmentBytes || writer.bytes >= MOST_COPIED
      if ((attempt.timeIsUp() || full) && writer.entries > 0) {
        stoppedAt = seen.position
        break
      }
      if (stored !== undefined)
        await writer.add(seen, { ...stored, range: { object: stored.object, start: 0, length: stored.object.size } })
      else if (seen.position.startsWith('0')) throw new BlobsMissingError([`payloads/${seen.id}`])
      else missing.push(seen.id)
    }
    const segment = await writer.finish()
    return {
      done: stoppedAt === undefined,
      ...(stoppedAt === undefined ? {} : { cursor: stoppedAt }),
      ...(segment === undefined ? {} : { segment }),
      blobs: writer.blobs,
      bytes: writer.blobBytes,
      models: writer.models,
      missing: missing.length,
      ...(missing.length === 0
        ? {}
        : {
            missing_list: await objects.putJson(
              config.buckets.work,
              workKey.missing(job_id, n, attempt.attempt),
              missing,
            ),
          }),
    }
  } catch (error) {
    await composer.abort()
    throw error
  }
}
