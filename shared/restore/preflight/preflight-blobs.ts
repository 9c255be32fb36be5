import type { OpenArchive } from '../../archive/archive.ts'
import { ArchiveInvalidError } from '../../archive/errors.ts'
import { entrySortKey, type IndexLine } from '../../archive/index-line.ts'
import { readTogether } from '../../archive/read-together.ts'
import { readIndex } from '../../archive/segment-reader.ts'
import { readInSteps, type SegmentPosition } from '../../archive/segment-steps.ts'
import { BlobTooLargeError } from '../../blobs/errors.ts'
import { writeMissingBlobs } from '../../compose/missing-blobs.ts'
import { continueAt, readCursor } from '../../jobs/cursor.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { isMergeCursor, mergeLists, PREFLIGHT_MERGE } from '../../jobs/reference-merge.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import { ThrottledError } from '../../throttling/throttled-error.ts'
import { must } from '../../values/must.ts'
import { MAX_LISTED, MAX_LISTED_CHARACTERS, truncate } from '../../values/message-text.ts'
import {
  BLOB_LIST,
  type BlobAction,
  BlobsCursor,
  type ComparisonPosition,
  isWritten,
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
  readonly limits: LeasedPassServices['limits'] &
    Pick<Limits, 'indexBytes' | 'seenBlobs' | 'largeBlobBytes' | 'maxBlobBytes' | 'hashStepBytes'>
}

/**
 * Runs one pass of a map item. In the last round, the pass goes over blob segments. It verifies the bytes of the
 * archived blobs, and compares each blob with the blob in the target that has the same id. In an earlier round, the
 * pass merges lists of references.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over the entries that it has verified and compared.
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
  const { job, request, plan, archive } = restore
  const segments = items[n]
  // A late attempt of an earlier round can have the number of a group of lists, see `isMergeCursor`.
  if (segments === undefined) throw new Error(`the blob plan of job ${job_id} has no item ${n}`)
  const start = readCursor(BlobsCursor, attempt) ?? { segment: 0, position: { entry: 0 } }

  // References and blobs are sorted by the same positions. The pass checks the references from the position of its
  // first blob to the position of the first blob of the next map item. The first pass also checks the references before
  // the first blob of the archive.
  const isFirstPass = n === 0 && attempt.cursor === undefined
  const from = isFirstPass ? '' : await positionAt(archive, segments[start.segment], firstEntry(start))
  const until = await positionAt(archive, items[n + 1]?.[0], 0)
  const references = await referencesBetween(objects, lists, from, until)
  const target = job.kind === 'check' ? undefined : services
  const comparison = new BlobComparison(target, request.on_duplicate, references)

  const cursor = await readOrHandOver(attempt, restore, { segments, start, from }, comparison, limits)
  return whileStoring(async () => {
    const end =
      cursor === undefined ? until : await positionAt(archive, segments[cursor.segment] ?? 0, firstEntry(cursor))
    const declaredMissing = request.strict === false ? undefined : new Set(plan.missing_blobs)
    const missing = comparison.missingBefore(end, declaredMissing)
    const { compared, blobs, bytes, models } = comparison
    return {
      ...continueAt(cursor),
      list: await workFiles.write(BLOB_LIST, compared, job_id, n, attempt.attempt),
      ...summaryOf(compared),
      blobs,
      bytes,
      models,
      missing: missing.length,
      ...(await writeMissingBlobs(workFiles, attempt, missing)),
    }
  })
}

/** Returns the index of the first entry that the pass adds to the comparison. */
const firstEntry = ({ position, target }: BlobsCursor): number => target?.entry ?? position.entry

interface BlobsRange {
  readonly segments: readonly number[]
  readonly start: BlobsCursor
  /** The position of the first entry in the order of blobs. */
  readonly from: string
}

/**
 * Reads and compares the entries of the segments. Returns the position where the pass stopped, or `undefined` if it has
 * compared all entries.
 */
const readOrHandOver = async (
  attempt: Attempt,
  restore: OpenRestore,
  range: BlobsRange,
  comparison: BlobComparison,
  limits: PreflightBlobsServices['limits'],
): Promise<BlobsCursor | undefined> => {
  /** The position after the last verified entry or step. */
  const read = { to: range.start }
  try {
    const cursor = await readBlobs(attempt, restore, range, comparison, limits, read)
    await comparison.settle(0)
    return cursor
  } catch (error) {
    if (!(error instanceof ThrottledError)) throw error
    // The comparisons have no additional time, so that the pass can store their results.
    const cursor = (await comparison.endEarly()) ?? read.to
    if (cursor === range.start || !attempt.mustHandOver(error)) throw error
    return cursor
  }
}

/**
 * Reads the entries of the segments. Sets `read.to` after each entry and each step of a large entry. Returns the
 * position where the pass stopped, or `undefined` if it read all entries.
 */
const readBlobs = async (
  attempt: Attempt,
  restore: OpenRestore,
  { segments, start, from }: BlobsRange,
  comparison: BlobComparison,
  limits: PreflightBlobsServices['limits'],
  read: { to: BlobsCursor },
): Promise<BlobsCursor | undefined> => {
  const { plan } = restore
  const archive = readTogether(restore.archive, segments.slice(start.segment))
  const { largeBlobBytes, hashStepBytes } = limits
  const { timeIsUp, mustHandOver } = attempt
  const steps = { stepBytes: hashStepBytes, timeIsUp, mustHandOver }
  const isFull = (): boolean => attempt.timeIsUp() || comparison.propertyCharacters >= limits.indexBytes
  const isRead = (entry: IndexLine): boolean => plan.reads_all_blobs || comparison.isReferenced(entrySortKey(entry))
  let lastPosition = from
  for (const [k, segment] of segments.entries()) {
    if (k < start.segment) continue
    if (k > start.segment) read.to = { segment: k, position: { entry: 0 } }
    if (k > start.segment && isFull()) return read.to
    const opened = openSegment(archive, segment)
    const index = await readIndex(archive, opened)
    rejectTooLarge(index.filter(isRead), limits.maxBlobBytes)
    /**
     * Adds a verified entry, after which `position` follows. Returns the cursor if the time is up before the end of its
     * comparison.
     */
    const add = async (target: ComparisonPosition, position: SegmentPosition): Promise<BlobsCursor | undefined> => {
      const entry = must(index[target.entry])
      const sortKey = entrySortKey(entry)
      if (sortKey < lastPosition || (sortKey === lastPosition && comparison.entries > 0))
        throw new ArchiveInvalidError(`entry ${entry.path} is out of order`)
      lastPosition = sortKey
      const offset = opened.offset + entry.offset
      const after = { segment: k, position }
      if (entry.size >= largeBlobBytes) {
        await comparison.settle(0)
        // If this pass continues inside the comparison, it has not made progress yet.
        if (read.to.target === undefined) read.to = { ...after, target }
        const reached = await comparison.addLarge(sortKey, entry, offset, read.to, steps)
        if (reached !== undefined) return { ...after, target: { ...target, hash: reached } }
      } else comparison.add(sortKey, entry, offset, read.to)
      await comparison.settle()
      read.to = after
      return undefined
    }
    const resumed: BlobsCursor = k === start.segment ? start : { segment: k, position: { entry: 0 } }
    if (resumed.target !== undefined) {
      const cursor = await add(resumed.target, resumed.position)
      if (cursor !== undefined) return cursor
    }
    const options = {
      ...{ largeBlobBytes, hashStepBytes },
      ...(plan.reads_all_blobs ? {} : { filter: isRead }),
    }
    /** The last entry of the segment. It is added after the rest of the segment, which is its index, is verified. */
    let last: { readonly target: ComparisonPosition; readonly position: SegmentPosition } | undefined
    for await (const { ordinal, isComplete, partsSha256, position } of readInSteps(
      archive,
      opened,
      index,
      resumed.position,
      options,
    )) {
      const target = { entry: ordinal, ...(partsSha256 === undefined ? {} : { parts_sha256: partsSha256 }) }
      if (isComplete && ordinal === index.length - 1) {
        last = { target, position: position() }
        continue
      }
      const cursor = isComplete ? await add(target, position()) : undefined
      if (cursor !== undefined) return cursor
      if (!isComplete) read.to = { segment: k, position: position() }
      if (isFull()) return read.to
    }
    const cursor = last === undefined ? undefined : await add(last.target, last.position)
    if (cursor !== undefined) return cursor
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

/**
 * Counts blobs by action. Spilled payloads are counted only in `to_write`, because they belong to their resources.
 */
const summaryOf = (
  all: readonly RestoredBlob[],
): Pick<PreflightBlobsResult, 'actions' | 'to_write' | 'different' | 'different_blobs'> => {
  const blobs = all.filter(({ kind }) => kind === 'blob')
  const different = blobs.filter((blob) => 'differs' in blob)
  const count = (action: BlobAction): number => blobs.filter((blob) => blob.action === action).length
  return {
    actions: { new: count('new'), changed: count('changed'), same: count('same'), conflict: count('conflict') },
    to_write: all.filter(isWritten).length,
    different: different.length,
    different_blobs: different
      .slice(0, MAX_LISTED)
      .map(({ id, models, differs }) => ({ id: truncate(id, MAX_LISTED_CHARACTERS), models, differs })),
  }
}
