import type { Attempt } from '../jobs/pass.ts'
import { Composer } from '../objects/composer.ts'
import type { Services } from '../runtime/services.ts'
import { blobFrame } from '../specstar/stream-frame.ts'
import type { BlobsResult } from './blobs.ts'
import type { StoredBytes } from '../compose/stored-content.ts'
import { SpecstarRefusesError } from './stream-records.ts'
import { type BlobsPiece, readAhead, wantedBlobs } from './wanted-blobs.ts'
import { workKey } from './work-keys.ts'

/** The model that a pass begins with, by its place in the scope, and the first position. */
const parseCursor = (cursor = '0/'): { k: number; from: string } => {
  const [k = '0', from = ''] = cursor.split('/')
  return { k: Number(k), from }
}

/**
 * One pass over a range of blobs as records of SpecStar's stream. A blob stands in the section of every model that refers to
 * it, so the range is gone through once a model. Payloads stand in their revisions.
 */
export const exportStreamBlobs = async (
  attempt: Attempt,
  services: Services,
  models: readonly string[],
): Promise<BlobsResult> => {
  const { job_id, n } = attempt
  const { objects, config, limits } = services
  const blobs = (await wantedBlobs(services, attempt)).filter(({ position }) => position.startsWith('1'))
  const start = parseCursor(attempt.cursor)
  const pieces: BlobsPiece[] = []
  const counts: Record<string, number> = {}
  const missing = new Set<string>()
  let bytes = 0
  let cursor: string | undefined
  for (const [k, model] of models.entries()) {
    if (k < start.k || cursor !== undefined) continue
    const from = k === start.k ? start.from : ''
    const own = blobs.filter((blob) => blob.models.includes(model) && blob.position >= from)
    if (own.length === 0) continue
    const composer = new Composer(
      objects,
      config.buckets.work,
      workKey.segment(job_id, 'blobs', n, attempt.attempt, pieces.length),
    )
    try {
      let written = 0
      for await (const { seen, stored } of readAhead(services, own)) {
        if ((attempt.timeIsUp() || bytes >= limits.segmentBytes) && pieces.length + written > 0) {
          cursor = `${k}/${seen.position}`
          break
        }
        if (stored === undefined) {
          missing.add(seen.id)
          continue
        }
        await addBlob(composer, model, seen.id, stored)
        written += 1
        bytes += stored.object.size
      }
      if (written === 0) await composer.abort()
      else {
        pieces.push({ object: await composer.finish(), model })
        counts[model] = written
      }
    } catch (error) {
      await composer.abort()
      throw error
    }
  }
  return {
    done: cursor === undefined,
    ...(cursor === undefined ? {} : { cursor }),
    pieces,
    blobs: Object.values(counts).reduce((sum, count) => sum + count, 0),
    bytes,
    models: counts,
    missing: missing.size,
    ...(missing.size === 0
      ? {}
      : {
          missing_list: await objects.putJson(config.buckets.work, workKey.missing(job_id, n, attempt.attempt), [
            ...missing,
          ]),
        }),
  }
}

const addBlob = async (composer: Composer, model: string, id: string, stored: StoredBytes): Promise<void> => {
  const { object, bytes, content_type } = stored
  const { before, behind } = frameOf(model, id, object.size, content_type)
  await composer.bytes(before)
  if (bytes === undefined) await composer.object({ object, start: 0, length: object.size })
  else await composer.bytes(bytes)
  await composer.bytes(behind)
}

const frameOf = (model: string, id: string, size: number, type: string | undefined): ReturnType<typeof blobFrame> => {
  try {
    return blobFrame(id, size, type)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new SpecstarRefusesError(model, id, `the blob makes ${error.message}`)
  }
}
