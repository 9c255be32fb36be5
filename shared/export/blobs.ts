import { pMapIterable } from 'p-map'
import { BlobsMissingError } from '../blobs/blob-errors.ts'
import { readSeen, type SeenBlob } from '../blobs/seen-blobs.ts'
import { type Attempt, type PassResult, runPass } from '../jobs/pass.ts'
import type { PassInput, PassOutput } from '../jobs/stage-messages.ts'
import { Composer } from '../objects/composer.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import { BlobSegment } from './blob-segment.ts'
import type { BlobPlan } from './plan-blobs.ts'
import type { WrittenSegment } from './records.ts'
import { openStored, type StoredBytes } from './stored-bytes.ts'
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
}

/** Small blobs are read ahead, to hide the latency of a GET; eight of under 16 MiB bound the memory. */
const READ_AHEAD = 8

/** One pass over a range of blobs: each is read once and laid into a segment, in the order of its place. */
export const exportBlobs = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass<BlobsResult>('blobs', input, services, (attempt) => exportPass(attempt, services))

const exportPass = async (attempt: Attempt, services: Services): Promise<BlobsResult> => {
  const { job_id, n, cursor = '' } = attempt
  const { objects, config } = services
  const plan = await objects.getJson<BlobPlan>(config.buckets.work, workKey.blobPlan(job_id))
  const range = plan?.items[n]
  if (plan === undefined || range === undefined) throw new Error(`job ${job_id} has no blob range ${n}`)
  const wanted = (await readSeen(objects, plan.lists, range)).filter(({ position }) => position >= cursor)
  const composer = new Composer(objects, config.buckets.work, workKey.segment(job_id, 'blobs', n, attempt.attempt, 0))
  const name = `blobs-${n.toString().padStart(5, '0')}-${attempt.pass.toString().padStart(2, '0')}`
  const writer = new BlobSegment(name, composer)
  try {
    const missing: string[] = []
    let stoppedAt: string | undefined
    for await (const { seen, stored } of readAhead(services, wanted)) {
      if (writer.entries > 0 && (attempt.timeIsUp() || writer.bytes >= services.limits.segmentBytes)) {
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

/** Opens blobs a few ahead of the one that is written, in order. */
const readAhead = (
  services: Services,
  wanted: readonly SeenBlob[],
): AsyncIterable<{ seen: SeenBlob; stored: StoredBytes | undefined }> =>
  pMapIterable(wanted, async (seen) => ({ seen, stored: await openStored(services, seen) }), {
    concurrency: READ_AHEAD,
    backpressure: READ_AHEAD,
  })
