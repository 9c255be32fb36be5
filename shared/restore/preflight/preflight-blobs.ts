import type { OpenArchive } from '../../archive/archive.ts'
import { ArchiveInvalidError } from '../../archive/errors.ts'
import { entrySortKey, type IndexLine } from '../../archive/index-line.ts'
import { readIndex } from '../../archive/segment-reader.ts'
import { readInSteps } from '../../archive/segment-steps.ts'
import { BlobTooLargeError } from '../../blobs/errors.ts'
import type { HashPosition } from '../../blobs/hash-in-steps.ts'
import { writeMissingBlobs } from '../../compose/missing-blobs.ts'
import { continueAt, readCursor } from '../../jobs/cursor.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { isMergeCursor, mergeLists, PREFLIGHT_MERGE } from '../../jobs/reference-merge.ts'
import { must } from '../../values/must.ts'
import { MAX_LISTED, MAX_LISTED_CHARACTERS, truncate } from '../../values/message-text.ts'
import {
  BLOB_LIST,
  type BlobAction,
  BlobsCursor,
  PREFLIGHT_BLOBS,
  type PreflightBlobsResult,
  RESTORE_BLOB_PLAN,
  type RestoreBlobPlan,
  type RestoredBlob,
} from '../messages/preflight-blobs.ts'
import { type OpenRestore, openRestore, type OpenRestoreServices } from '../open-restore.ts'
import { type LeasedPassServices, runLeasedPass } from '../run-leased-pass.ts'
import { BlobComparison, type TargetBlobs } from './blob-comparison.ts'
import { positionAt, referencesBetween } from './planned-references.ts'

interface PreflightBlobsServices extends OpenRestoreServices, LeasedPassServices, TargetBlobs {
  readonly limits: Pick<
    Limits,
    'passMs' | 'watchMs' | 'indexBytes' | 'seenBlobs' | 'largeBlobBytes' | 'maxBlobBytes' | 'hashStepBytes'
  >
}

/**
 * Runs one pass of a map item. In the last round, the pass goes over blob segments. It verifies the bytes of the archived
 * blobs, and compares each blob with the blob in the target that has the same id. In an earlier round, the pass merges
 * lists of references.
 *
 * If AWS throttles a pass until its time is used up, the pass fails, and the workflow repeats it: the entry that was
 * read last may be unverified.
 */
export const preflightBlobs = async (input: PassInput, services: PreflightBlobsServices): Promise<PassOutput> => {
  const plan = await services.workFiles.find(RESTORE_BLOB_PLAN, input.job_id)
  if (plan === undefined || isMergeCursor(input))
    return runLeasedPass(PREFLIGHT_MERGE, input, services, (attempt) => mergeLists(attempt, services))
  return runLeasedPass(PREFLIGHT_BLOBS, input, services, (attempt) => preflightBlobsPass(attempt, services, plan))
}

const preflightBlobsPass = async (
  attempt: Attempt,
  services: PreflightBlobsServices,
  { items, lists }: RestoreBlobPlan,
): Promise<PreflightBlobsResult> => {
  const { job_id, n } = attempt
  const { objects, workFiles, limits } = services
  const restore = await openRestore(services, job_id)
  const { job, plan, archive } = restore
  const segments = items[n] ?? []
  const start = readCursor(BlobsCursor, attempt) ?? { segment: 0, position: { entry: 0 } }

  // References and blobs are sorted by the same positions. The pass checks the references from the position of its
  // first blob to the position of the first blob of the next map item. The first pass also checks the references before
  // the first blob of the archive.
  const isFirstPass = n === 0 && attempt.cursor === undefined
  const from = isFirstPass ? '' : await positionAt(archive, segments[start.segment], firstEntry(start))
  const until = await positionAt(archive, items[n + 1]?.[0], 0)
  const references = await referencesBetween(objects, lists, from, until)
  const comparison = new BlobComparison(services, job.request.on_duplicate, references)

  const cursor = await readBlobs(attempt, restore, { segments, start, from }, comparison, limits)
  const end =
    cursor === undefined ? until : await positionAt(archive, segments[cursor.segment] ?? 0, firstEntry(cursor))
  const missing = comparison.missingBefore(end, job.request.strict === false ? undefined : new Set(plan.missing_blobs))
  const blobs = await comparison.end()
  return {
    ...continueAt(cursor),
    list: await workFiles.write(BLOB_LIST, blobs, job_id, n, attempt.attempt),
    ...summaryOf(blobs),
    blobs: comparison.blobs,
    bytes: comparison.bytes,
    models: comparison.models,
    missing: missing.length,
    ...(await writeMissingBlobs(workFiles, attempt, missing)),
  }
}

/** Returns the index of the first entry that the pass adds to the comparison. */
const firstEntry = ({ position, target }: BlobsCursor): number => target?.entry ?? position.entry

/**
 * Reads the entries of the segments. Returns the position where the pass stopped, or `undefined` if it read all
 * entries.
 */
const readBlobs = async (
  attempt: Attempt,
  { plan, archive }: OpenRestore,
  {
    segments,
    start,
    from,
  }: { readonly segments: readonly number[]; readonly start: BlobsCursor; readonly from: string },
  comparison: BlobComparison,
  limits: PreflightBlobsServices['limits'],
): Promise<BlobsCursor | undefined> => {
  const { largeBlobBytes, hashStepBytes } = limits
  const { timeIsUp, mustHandOver } = attempt
  const steps = { stepBytes: hashStepBytes, timeIsUp, mustHandOver }
  const isFull = (): boolean => attempt.timeIsUp() || comparison.propertyCharacters >= limits.indexBytes
  const isRead = (entry: IndexLine): boolean => plan.reads_all_blobs || comparison.isReferenced(entrySortKey(entry))
  let lastPosition = from
  for (const [k, segment] of segments.entries()) {
    if (k < start.segment) continue
    if (k > start.segment && isFull()) return { segment: k, position: { entry: 0 } }
    const opened = openSegment(archive, segment)
    const index = await readIndex(archive, opened)
    rejectTooLarge(index.filter(isRead), limits.maxBlobBytes)
    /** Adds a verified entry. Returns the position in the target if the time is up before the end of the comparison. */
    const add = async (entry: IndexLine, compared?: HashPosition): Promise<HashPosition | undefined> => {
      const position = entrySortKey(entry)
      if (position < lastPosition || (position === lastPosition && comparison.entries > 0))
        throw new ArchiveInvalidError(`entry ${entry.path} is out of order`)
      lastPosition = position
      const offset = opened.offset + entry.offset
      if (entry.size >= largeBlobBytes) return comparison.addLarge(position, entry, offset, compared, steps)
      comparison.add(position, entry, offset)
      return undefined
    }
    const resumed: BlobsCursor = k === start.segment ? start : { segment: k, position: { entry: 0 } }
    if (resumed.target !== undefined) {
      const { entry, hash: compared } = resumed.target
      const hash = await add(must(index[entry]), compared)
      if (hash !== undefined) return { segment: k, position: resumed.position, target: { entry, hash } }
    }
    const options = {
      ...{ largeBlobBytes, hashStepBytes },
      ...(plan.reads_all_blobs ? {} : { filter: isRead }),
    }
    for await (const { entry, ordinal, isComplete, position } of readInSteps(
      archive,
      opened,
      index,
      resumed.position,
      options,
    )) {
      const hash = isComplete ? await add(entry) : undefined
      if (hash !== undefined) return { segment: k, position: position(), target: { entry: ordinal, hash } }
      // After the last entry, the rest of the segment is read in any case. It consists of the index, which is small.
      const isLast = isComplete && ordinal === index.length - 1
      if (!isLast && isFull()) return { segment: k, position: position() }
    }
  }
  return undefined
}

/** Throws `BlobTooLargeError` before any byte of such a blob is read. */
const rejectTooLarge = (index: readonly IndexLine[], maxBlobBytes: number): void => {
  const found = index.find(({ size }) => size > maxBlobBytes)
  if (found !== undefined) throw new BlobTooLargeError(found.file_id ?? found.path, found.size, maxBlobBytes)
}

const openSegment = ({ segments }: OpenArchive, segment: number): OpenArchive['segments'][number] => {
  const opened = segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  return opened
}

/** Counts blobs by action. Spilled payloads are not counted, because they belong to their resources. */
const summaryOf = (
  all: readonly RestoredBlob[],
): Pick<PreflightBlobsResult, 'actions' | 'different' | 'different_blobs'> => {
  const blobs = all.filter(({ kind }) => kind === 'blob')
  const different = blobs.filter((blob) => 'differs' in blob)
  const count = (action: BlobAction): number => blobs.filter((blob) => blob.action === action).length
  return {
    actions: { new: count('new'), changed: count('changed'), same: count('same'), conflict: count('conflict') },
    different: different.length,
    different_blobs: different
      .slice(0, MAX_LISTED)
      .map(({ id, models, differs }) => ({ id: truncate(id, MAX_LISTED_CHARACTERS), models, differs })),
  }
}
