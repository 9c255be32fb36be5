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
import { type ConvertCursor, type ConvertCursorOf, type ConvertResultOf, SCANNED_BLOBS } from '../messages/convert.ts'
import { workName } from '../messages/work-names.ts'
import { DamagedBlobs } from './damaged-blobs.ts'
import { scannedBlobs } from './phase-results.ts'
import { RunMerge } from './run-merge.ts'
import type { ConvertServices } from './services.ts'
import { contentsBelow, openContents } from './stream-contents.ts'
import { abandon } from '../../objects/abandon.ts'

/**
 * Runs one pass that copies blobs and spilled payloads from the stream into segments, in the order of an archive. Also
 * lists the blobs that are missing. Payloads refer to these blobs, but the stream does not contain them.
 */
export const convertBlobs = async (
  attempt: Attempt,
  services: ConvertServices,
  cursor: ConvertCursorOf<'blobs'>,
): Promise<ConvertResultOf<'blobs'>> => {
  const { source } = cursor
  const { objects, workFiles, limits } = services
  const scanned = await scannedBlobs(services, attempt.job_id, cursor)
  const ranges = prefixRanges(scanned.entries, limits.blobsPerRange)
  const merge = await RunMerge.open(objects, scanned.runs, cursor.run_offsets)
  const segments = new BlobSegments({ objects, workFiles }, (k) => ({
    name: `converted-${attempt.pass}-${k}`,
    key: workFiles.key(attempt.job_id, workName.convertedSegment(attempt.attempt, k)),
  }))
  const missing: BlobReference[] = []
  const damaged = new DamagedBlobs()
  /** `end` is the first position that the pass has not converted. By default, the pass has converted all positions. */
  const finish = async (next: ConvertCursor, end?: string): Promise<ConvertResultOf<'blobs'>> => {
    const { segments: blob_segments, ...counts } = await segments.finish()
    return {
      ...continueAt(next),
      phase: 'blobs',
      blob_segments,
      ...counts,
      ...(await writeMissingBlobs(workFiles, attempt, missing)),
      ...(await damaged.write(workFiles, attempt, end)),
    }
  }
  try {
    for (const [index, range] of ranges.entries()) {
      if (index < cursor.range) continue
      const from = index === cursor.range ? cursor.from : ''
      const inRange = await readBlobReferences(objects, scanned.lists, range)
      /** The references for which the pass has not found the content yet. */
      const references = new Map(
        inRange.filter(({ position }) => position >= from).map((reference) => [reference.position, reference]),
      )
      const isReferenced = new Set(references.keys())
      const contents = contentsBelow(merge, firstPosition(range.to), (position, blob) => {
        damaged.add({ position, blob, isReferenced: isReferenced.has(position) })
      })
      for await (const { position, location, runOffsets, source: content } of openContents(objects, source, contents)) {
        if (attempt.timeIsUp() && segments.hasEntries) {
          missing.push(...missingIn([...references.values()].filter((reference) => reference.position < position)))
          const { job_id, attempt: name } = attempt
          const file = cursor.scanned ?? (await workFiles.write(SCANNED_BLOBS, scanned, job_id, name))
          return await finish(
            { phase: 'blobs', source, scanned: file, run_offsets: runOffsets, range: index, from: position },
            position,
          )
        }
        // A blob to which no payload refers is copied too, because the archive must contain everything that the stream
        // contains.
        const models = references.get(position)?.models ?? []
        // A segment ends when it is large enough for one map item of the restore.
        if (segments.open !== undefined && segments.open.bytes >= limits.rangeBytes) await segments.finishSegment()
        await segments.add({ position, id: location.id, models }, content)
        references.delete(position)
      }
      missing.push(...missingIn([...references.values()]))
    }
    return await finish({ phase: 'finish', source })
  } catch (error) {
    await abandon(segments)
    throw error
  }
}

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
