import * as z from 'zod'
import { SegmentWriter } from '../archive/segment-writer.ts'
import type { BlobReference } from '../blobs/blob-references.ts'
import { hashInSteps, HashPosition } from '../blobs/hash-in-steps.ts'
import { blobEntry } from '../compose/blob-segment.ts'
import { damagedContent, type LargeContent, type UnreadableContent } from '../compose/open-content.ts'
import type { WrittenSegment } from '../compose/segments.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Limits } from '../jobs/limits.ts'
import type { Attempt } from '../jobs/pass.ts'
import { abortSavedUpload, uploadInSteps } from '../jobs/upload-in-steps.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { PinnedObject } from '../objects/object.ts'
import { copiedPartBytes } from '../objects/copied-ranges.ts'
import { LAYOUT_LIMITS, type Part, PartLayout, type Piece } from '../objects/part-layout.ts'
import type { PartSource } from '../objects/part-source.ts'

/** The position inside a large blob at which the next pass continues. First the blob is hashed, and then copied. */
export const LargeBlobPosition = z.discriminatedUnion('step', [
  z.object({ step: z.literal('hash'), hash: HashPosition }).readonly(),
  z
    .object({
      step: z.literal('copy'),
      etag: z.string(),
      sha256: z.string(),
      /** The name of the segment. It must not change, because it is part of the segment. */
      name: z.string(),
      /** The unfinished upload of the segment (`jobs/upload-in-steps.ts`). */
      upload: PinnedObject,
    })
    .readonly(),
])
export type LargeBlobPosition = z.output<typeof LargeBlobPosition>

export interface LargeBlobServices {
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly limits: Pick<Limits, 'hashStepBytes' | 'copyPartBytes'>
}

/**
 * Writes a large blob as a segment of its own, beginning at `start`. If the time is up before the end, returns the
 * position at which the next pass continues. If the bytes do not match the recorded SHA-256, returns
 * `UnreadableContent`. If the blob was replaced since `start`, begins again.
 */
export const writeLargeBlob = async (
  services: LargeBlobServices,
  attempt: Attempt,
  { reference, content }: { readonly reference: BlobReference; readonly content: LargeContent },
  segment: { readonly name: string; readonly key: string },
  start?: LargeBlobPosition,
): Promise<WrittenSegment | LargeBlobPosition | UnreadableContent> => {
  const { objects, limits } = services
  const { object, recorded, verified } = content
  const copied = start?.step === 'copy' && start.etag === object.etag ? start : undefined
  if (copied === undefined) await dropUpload(services, start)
  const { timeIsUp, mustHandOver } = attempt
  const steps = { stepBytes: limits.hashStepBytes, timeIsUp, mustHandOver }
  let sha256 = copied?.sha256 ?? verified
  let hashedTo: HashPosition | undefined
  if (sha256 === undefined) {
    const hashed = await hashInSteps(objects, object, start?.step === 'hash' ? start.hash : undefined, steps)
    if ('position' in hashed) return { step: 'hash', hash: hashed.position }
    ;({ sha256, end: hashedTo } = hashed)
  }
  if (recorded !== undefined && recorded !== sha256) return damagedContent()
  const name = copied?.name ?? segment.name
  const { parts, summary } = await planSegment(reference.id, content, { name, sha256 }, limits)
  const target = { bucket: services.workFiles.bucket, key: segment.key }
  const written = await uploadInSteps(services, attempt, target, parts, copied?.upload).catch((error: unknown) => {
    if (hashedTo === undefined || !mustHandOver(error)) throw error
    return { hashedTo }
  })
  if ('hashedTo' in written) return { step: 'hash', hash: written.hashedTo }
  return 'upload' in written
    ? { step: 'copy', etag: object.etag, sha256, name, upload: written.upload }
    : { summary, object: written.object }
}

/** Aborts the unfinished upload of a blob that was replaced or deleted. */
export const dropUpload = async (
  services: Pick<LargeBlobServices, 'objects' | 'workFiles'>,
  start: LargeBlobPosition | undefined,
): Promise<void> => {
  if (start?.step === 'copy') await abortSavedUpload(services, start.upload)
}

/**
 * Divides a segment that consists of one blob into at most 10,000 parts. The result depends only on the parameters, so
 * that all passes create parts of the same segment.
 */
export const planSegment = async (
  id: string,
  { object, properties }: Pick<LargeContent, 'object' | 'properties'>,
  { name, sha256 }: { readonly name: string; readonly sha256: string },
  { copyPartBytes }: Pick<Limits, 'copyPartBytes'>,
): Promise<{ readonly parts: readonly Part<PartSource>[]; readonly summary: WrittenSegment['summary'] }> => {
  const layout = new PartLayout<PartSource>({ ...LAYOUT_LIMITS, max: copiedPartBytes(object.size, copyPartBytes) })
  const parts: Part<PartSource>[] = []
  const add = (piece: Piece<PartSource>): Promise<void> => {
    parts.push(...layout.add(piece))
    return Promise.resolve()
  }
  const segment = new SegmentWriter(name, {
    bytes: (bytes) => add({ size: bytes.byteLength, source: { bytes }, copyable: false }),
    object: (range) => add({ size: range.length, source: { range }, copyable: true }),
  })
  const range = { object, start: 0, length: object.size }
  await segment.object(blobEntry(id, { range, sha256, ...properties }), range)
  const summary = await segment.finish()
  return { parts: [...parts, ...layout.end()], summary }
}
