import type { PrefixRange } from '../../blobs/blob-reference-list.ts'
import {
  type BlobReference,
  firstPosition,
  isPayloadPosition,
  PREFIX_COUNT,
  readBlobReferences,
} from '../../blobs/blob-references.ts'
import { BlobSegments } from '../../compose/blob-segments.ts'
import { writeMissingBlobs } from '../../compose/missing-blobs.ts'
import { continueAt } from '../../jobs/cursor.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { storeFinished } from '../../jobs/store-finished.ts'
import { abandon } from '../../objects/abandon.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import { type ConvertCursor, type ConvertCursorOf, type ConvertResultOf, SCANNED_BLOBS } from '../messages/convert.ts'
import { workName } from '../messages/work-names.ts'
import { DamagedBlobs } from './damaged-blobs.ts'
import { scannedBlobs } from './phase-results.ts'
import { RunMerge } from './run-merge.ts'
import { segmentSizeFor } from './segment-size.ts'
import type { ConvertServices } from './services.ts'
import { contentsBelow, openContents } from './stream-contents.ts'

/**
 * Runs one pass that copies blobs and spilled payloads from the stream into segments, in the order of an archive. Also
 * lists the blobs that are missing. Payloads refer to these blobs, but the stream does not contain them. If AWS
 * throttles the pass until its time is used up, it hands over what it has copied.
 */
export const convertBlobs = async (
  attempt: Attempt,
  services: ConvertServices,
  cursor: ConvertCursorOf<'blobs'>,
): Promise<ConvertResultOf<'blobs'>> => {
  const { source } = cursor
  const { objects, workFiles, limits } = services
  const scanned = await scannedBlobs(services, attempt.job_id, cursor)
  const segmentSize = segmentSizeFor(source.size, limits)
  const ranges = prefixRanges(scanned.entries, limits.blobsPerRange)
  const merge = await RunMerge.open(
    scanned.runs.map((run) => objects.sourceOf(run)),
    cursor.run_offsets,
  )
  const segments = new BlobSegments({ objects, workFiles }, (k) => ({
    name: `converted-${attempt.pass}-${k}`,
    key: workFiles.key(attempt.job_id, workName.convertedSegment(attempt.attempt, k)),
  }))
  const missing: BlobReference[] = []
  const damaged = new DamagedBlobs()
  /** The position after everything that the pass has converted. */
  let reached = { index: cursor.range, from: cursor.from, offsets: cursor.run_offsets }
  /** The references of range `reached.index` for which the pass has not found the content yet. */
  let references = new Map<string, BlobReference>()
  /** Stores everything before `reached`. */
  const handOver = (): Promise<ConvertResultOf<'blobs'>> => {
    const { index, from, offsets } = reached
    missing.push(...missingIn([...references.values()].filter(({ position }) => position < from)))
    const end = from === '' ? firstPosition(ranges[index]?.from ?? PREFIX_COUNT) : from
    return finish(async () => {
      const { job_id, attempt: name } = attempt
      const file = cursor.scanned ?? (await workFiles.write(SCANNED_BLOBS, scanned, job_id, name))
      return { phase: 'blobs', source, scanned: file, run_offsets: offsets, range: index, from }
    }, end)
  }
  /** `end` is the first position that the pass has not converted. By default, the pass has converted all positions. */
  const finish = async (
    next: () => ConvertCursor | Promise<ConvertCursor>,
    end?: string,
  ): Promise<ConvertResultOf<'blobs'>> => {
    const { segments: blob_segments, ...counts } = await storeFinished(attempt, () => segments.finish())
    return whileStoring(async () => ({
      ...continueAt(await next()),
      phase: 'blobs',
      blob_segments,
      ...counts,
      ...(await writeMissingBlobs(workFiles, attempt, missing)),
      ...(await damaged.write(workFiles, attempt, end)),
    }))
  }
  /** Returns a function that stores the result of the pass. */
  const convertRanges = async (): Promise<() => Promise<ConvertResultOf<'blobs'>>> => {
    for (const [index, range] of ranges.entries()) {
      if (index < cursor.range) continue
      const from = index === cursor.range ? cursor.from : ''
      const inRange = await readBlobReferences(objects, scanned.lists, range)
      references = new Map(
        inRange.filter(({ position }) => position >= from).map((reference) => [reference.position, reference]),
      )
      const contents = contentsBelow(merge, firstPosition(range.to))
      for await (const found of openContents(objects, source, contents)) {
        const { position } = found
        if (found.fault !== undefined) {
          damaged.add({ position, blob: found.fault, isReferenced: references.has(position) })
          continue
        }
        const { location, runOffsets, nextOffsets, source: content } = found
        if (attempt.timeIsUp() && segments.hasEntries) {
          reached = { index, from: position, offsets: runOffsets }
          return handOver
        }
        // A blob to which no payload refers is copied too, because the archive must contain everything that the stream
        // contains.
        const models = references.get(position)?.models ?? []
        const { open } = segments
        if (open !== undefined && (open.bytes >= segmentSize || open.indexBytes >= limits.indexBytes))
          await storeFinished(attempt, () => segments.finishSegment())
        await segments.add({ position, id: location.id, models }, content)
        references.delete(position)
        reached = { index, from: positionAfter(position), offsets: nextOffsets }
        // The pass then stops before the next content. `finish` sends the throttled part again.
        if (segments.throttled !== undefined) attempt.mustHandOver(segments.throttled)
      }
      missing.push(...missingIn([...references.values()]))
      references.clear()
      reached = { index: index + 1, from: '', offsets: merge.offsets }
    }
    return () => finish(() => ({ phase: 'finish', source }))
  }
  const begin = reached
  try {
    const store = await convertRanges().catch((error: unknown) => {
      if (reached === begin || !attempt.mustHandOver(error)) throw error
      return handOver
    })
    return await store()
  } catch (error) {
    await abandon(segments)
    throw error
  }
}

/** Returns a text that is greater than this position, and less than every other position after it. */
const positionAfter = (position: string): string => `${position}0`

/**
 * Divides the prefixes of all positions into ranges of equal width. Positions are hashes, so the entries are
 * distributed evenly, and each range has about `perRange` entries.
 */
const prefixRanges = (entries: number, perRange: number): PrefixRange[] => {
  const count = Math.min(Math.max(1, Math.ceil(entries / perRange)), PREFIX_COUNT)
  const border = (k: number): number => Math.floor((k * PREFIX_COUNT) / count)
  return Array.from({ length: count }, (_, k) => ({ from: border(k), to: border(k + 1) }))
}

/**
 * Returns the referenced blobs that the stream does not contain. A spilled payload cannot be missing,
 * because the record of its revision contains it.
 */
const missingIn = (references: readonly BlobReference[]): readonly BlobReference[] => {
  const payload = references.find(({ position }) => isPayloadPosition(position))
  if (payload !== undefined) throw new Error(`the scan of the stream has not located payload ${payload.id}`)
  return references
}
