import { isPayloadPosition } from '../blobs/blob-references.ts'
import { missingBlob, type MissingBlob } from '../blobs/referrer.ts'
import { writeMissingBlobs } from '../compose/missing-blobs.ts'
import { LargeContent, type StoredContent, UnreadableContent } from '../compose/open-content.ts'
import type { Attempt } from '../jobs/pass.ts'
import { storeFinished } from '../jobs/store-finished.ts'
import { untilThrottled } from '../jobs/until-throttled.ts'
import { whileStoring } from '../throttling/call-context.ts'
import { abandon } from '../objects/abandon.ts'
import { Composer } from '../objects/composer.ts'
import { blobFrame, MAX_RECORD_BYTES } from '../specstar/stream-frame.ts'
import { type BlobPlan, type BlobsPiece, type BlobsResult, EXPORT_BLOBS, workName } from './messages.ts'
import { type ReadBlobsServices, openBlobs, plannedBlobs } from './read-blobs.ts'
import { firstNames } from '../values/message-text.ts'
import { SpecstarRefusesError } from './errors.ts'
import { OmittedDataCollector } from './omitted-data.ts'

/** Parses the cursor of a pass, which is `{index of the model in the request}/{position of the first blob}`. */
const parseCursor = (cursor = '0/'): { index: number; from: string } => {
  const [index = '0', from = ''] = cursor.split('/')
  return { index: Number(index), from }
}

/**
 * Runs one pass that writes a range of blobs as records of a SpecStar stream. If several models refer to a blob, the
 * section of each of these models contains the blob. The pass therefore goes through its range of blobs once for each
 * model. Spilled payloads are left out, because the records of their revisions contain them.
 */
export const exportStreamBlobs = async (
  attempt: Attempt,
  services: ReadBlobsServices,
  plan: BlobPlan,
  { models, strict }: { readonly models: readonly string[]; readonly strict: boolean },
): Promise<BlobsResult> => {
  const { job_id, n } = attempt
  const { objects, limits, workFiles } = services
  const blobs = (await plannedBlobs(objects, plan, attempt)).filter(({ position }) => !isPayloadPosition(position))
  const start = parseCursor(attempt.cursor)
  const pieces: BlobsPiece[] = []
  const counts: Record<string, number> = {}
  const missing = new Map<string, MissingBlob>()
  const omitted = new OmittedDataCollector()
  let bytes = 0
  let cursor: string | undefined
  for (const [index, model] of models.entries()) {
    if (index < start.index || cursor !== undefined) continue
    const from = index === start.index ? start.from : ''
    const references = blobs.filter((blob) => blob.models.includes(model) && blob.position >= from)
    if (references.length === 0) continue
    const name = workName.segment(EXPORT_BLOBS.name, n, attempt.attempt, pieces.length)
    const composer = new Composer(objects, workFiles.bucket, workFiles.key(job_id, name))
    try {
      let written = 0
      let opened = 0
      const hasFinished = (): boolean => pieces.length + written + missing.size > 0
      const contents = untilThrottled(attempt, openBlobs(services, references, MAX_RECORD_BYTES), hasFinished, () => {
        cursor = `${index}/${references[opened]?.position ?? ''}`
      })
      for await (const { reference, content } of contents) {
        opened += 1
        if ((attempt.timeIsUp() || bytes >= limits.segmentBytes) && hasFinished()) {
          cursor = `${index}/${reference.position}`
          break
        }
        if (content instanceof UnreadableContent) {
          missing.set(reference.id, missingBlob({ ...reference, reason: content.reason }))
          continue
        }
        if (content instanceof LargeContent) throw tooLargeBlob(model, reference.id, content.object.size)
        if (strict) rejectHeaders(model, reference.id, content)
        const names = headerNames(content)
        if (names.length > 0)
          omitted.add(model, `blob ${reference.id}`, `the stream cannot contain ${firstNames(names)}`)
        await addBlob(composer, model, reference.id, content)
        written += 1
        bytes += content.object.size
        // The pass then stops before the next blob. `finish` sends the throttled part again.
        if (composer.throttled !== undefined) attempt.mustHandOver(composer.throttled)
      }
      if (written === 0) await abandon(composer)
      else {
        pieces.push({ object: await storeFinished(attempt, () => composer.finish()), model })
        counts[model] = written
      }
    } catch (error) {
      await abandon(composer)
      throw error
    }
  }
  return whileStoring(async () => ({
    done: cursor === undefined,
    ...(cursor === undefined ? {} : { cursor }),
    pieces,
    ...omitted.member,
    blobs: Object.values(counts).reduce((sum, count) => sum + count, 0),
    bytes,
    models: counts,
    missing: missing.size,
    ...(await writeMissingBlobs(workFiles, attempt, [...missing.values()])),
  }))
}

/** Throws `SpecstarRefusesError` if a blob has headers or user metadata, which the stream cannot contain. */
export const rejectHeaders = (model: string, id: string, content: StoredContent): void => {
  const names = headerNames(content)
  if (names.length === 0) return
  const reason = `the blob has the headers ${names.join(', ')}, which a stream cannot contain; export with strict=false to omit the headers`
  throw new SpecstarRefusesError('blob', model, id, reason)
}

/** Returns the names of the headers that a stream cannot contain. */
const headerNames = ({ headers = {}, user_metadata = {} }: StoredContent): string[] => [
  ...Object.keys(headers).map((name) => name.replace('_', '-')),
  ...Object.keys(user_metadata).map((name) => `x-amz-meta-${name}`),
]

/** Returns the error for a blob that is not read, because no record can contain it. */
export const tooLargeBlob = (model: string, id: string, size: number): SpecstarRefusesError => {
  const reason = `a record of a stream can have at most ${MAX_RECORD_BYTES} bytes, but the blob has ${size}`
  return new SpecstarRefusesError('blob', model, id, reason)
}

const addBlob = async (composer: Composer, model: string, id: string, content: StoredContent): Promise<void> => {
  const { object, bytes, content_type } = content
  const { before, after } = frameOf(model, id, object.size, content_type)
  await composer.bytes(before)
  if (bytes === undefined) await composer.object({ object, start: 0, length: object.size })
  else await composer.bytes(bytes)
  await composer.bytes(after)
}

/**
 * Returns the bytes before and after a blob in its record. Throws `SpecstarRefusesError` if the record would be too
 * long.
 */
export const frameOf = (
  model: string,
  id: string,
  size: number,
  type: string | undefined,
): ReturnType<typeof blobFrame> => {
  try {
    return blobFrame(id, size, type)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new SpecstarRefusesError('blob', model, id, error.message)
  }
}
