import * as z from 'zod'
import { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { RecordsSegment, WrittenSegment } from '../../compose/segments.ts'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'
import { OwnerState } from '../../specstar/revision-owner.ts'
import { OrderState } from '../../specstar/stream-order.ts'
import { ReaderPosition } from '../../specstar/stream-reader.ts'
import { Finding } from './finding.ts'
import { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'

/** A wrong checksum. `entry` is the location of the bytes in the stream. */
export const ChecksumMismatch = z.object({ entry: z.string(), expected: z.string(), actual: z.string() }).readonly()
export type ChecksumMismatch = z.output<typeof ChecksumMismatch>

/** A fault of a record. It prevents the restore of a resource, or of all resources that refer to a blob. */
export const ScanFault = z
  .object({
    model: z.string(),
    /** The id of the resource or blob. An empty string if the record contains no id. */
    id: z.string(),
    /** The location in the stream, and what is wrong there. */
    reason: z.string(),
    /** Present if the fault is a wrong checksum. */
    corrupt: z.exactOptional(ChecksumMismatch),
  })
  .readonly()
export type ScanFault = z.output<typeof ScanFault>

/** The position where the merge of sorted runs continues. It consists of the offset of the next entry in each run. */
const RunOffsets = z.array(z.int()).readonly()

/** A file of `REMAINING_RUNS`. Absent until a pass has written it. */
const Runs = z.exactOptional(PinnedObject)

/**
 * A large archive that is being composed: the object with the bytes after its segments, and its unfinished upload
 * (`jobs/upload-in-steps.ts`).
 */
const UnfinishedArchive = z.object({ tail: PinnedObject, upload: PinnedObject }).readonly()
export type UnfinishedArchive = z.output<typeof UnfinishedArchive>

/**
 * The position where the conversion of a stream continues. `source` is the stream. The phases run in this order:
 *
 * - `scan` reads the stream and writes its records as sorted runs,
 * - `merge` merges runs while there are too many of them,
 * - `records` merges the runs into segments of records,
 * - `blobs` copies blobs and spilled payloads from the stream into segments,
 * - `finish` composes the segments into an archive.
 */
export const ConvertCursor = z.discriminatedUnion('phase', [
  z
    .object({
      phase: z.literal('scan'),
      source: PinnedObject,
      position: ReaderPosition,
      order: OrderState,
      /** Absent at the start of the stream, and in cursors of earlier releases. */
      owner: z.exactOptional(OwnerState),
    })
    .readonly(),
  z
    .object({
      phase: z.literal('merge'),
      source: PinnedObject,
      runs: Runs,
      /**
       * Present if a pass has not finished its merge. `run` contains the entries that are merged. The merge continues
       * at the offsets: as many runs of the list as there are offsets are merged.
       */
      unfinished: z.exactOptional(z.object({ run: PinnedObject, run_offsets: RunOffsets }).readonly()),
    })
    .readonly(),
  z.object({ phase: z.literal('records'), source: PinnedObject, runs: Runs, run_offsets: RunOffsets }).readonly(),
  z
    .object({
      phase: z.literal('blobs'),
      source: PinnedObject,
      /** A file of `SCANNED_BLOBS`. Absent in the first pass of the phase. */
      scanned: z.exactOptional(PinnedObject),
      run_offsets: RunOffsets,
      /** Index of the range of positions. */
      range: z.int(),
      /** The first position of the range that has not been converted yet. */
      from: z.string(),
    })
    .readonly(),
  z
    .object({
      phase: z.literal('finish'),
      source: PinnedObject,
      /** Absent in the first pass of this phase. */
      unfinished: z.exactOptional(UnfinishedArchive),
    })
    .readonly(),
])
export type ConvertCursor = z.output<typeof ConvertCursor>
export type ConvertCursorOf<Phase extends ConvertCursor['phase']> = Extract<ConvertCursor, { readonly phase: Phase }>

/** A number of record lines, by the kind of their records. */
const LineCounts = z.object({ metadata: z.int(), revisions: z.int() }).readonly()
export type LineCounts = z.output<typeof LineCounts>

/** The result of a pass of `convert`. */
export const ConvertResult = z.discriminatedUnion('phase', [
  /** The archive of the job is not a stream, so there is nothing to convert. */
  z.object({ ...PassResult.shape, phase: z.literal('not-a-stream') }).readonly(),
  z
    .object({
      ...PassResult.shape,
      phase: z.literal('scan'),
      /** Sorted runs of record lines and of faults of resources. */
      runs: z.array(PinnedObject).readonly(),
      /** The number of record lines in `runs`. Absent in results of earlier releases. */
      lines: z.exactOptional(LineCounts),
      /**
       * A sorted run of `ContentLocation` entries for blobs and spilled payloads, and of faults of blobs. Absent if it
       * would be empty.
       */
      contents: z.exactOptional(PinnedObject),
      content_count: z.int(),
      /** The blobs and spilled payloads that the payloads refer to. */
      references: BlobReferenceList,
      /** The models whose sections begin in this part of the stream. */
      models: z.array(z.string()).readonly(),
      resources: z.int(),
      revisions: z.int(),
      /** A file of `SCAN_FINDINGS`. Absent if the pass has found no irregularity. */
      findings: z.exactOptional(PinnedObject),
    })
    .readonly(),
  z
    .object({
      ...PassResult.shape,
      phase: z.literal('merge'),
      /**
       * The number of runs that were merged into `run`. Later passes use the list of runs without its first `merged`
       * runs, and with `run` at its end. If the pass has not finished the merge, `merged` is 0.
       */
      merged: z.int(),
      run: PinnedObject,
    })
    .readonly(),
  z
    .object({
      ...PassResult.shape,
      phase: z.literal('records'),
      segments: z.array(RecordsSegment).readonly(),
      /**
       * The number of record lines that the pass has read, but that `segments` do not contain: repeated records, and
       * revisions without metadata. Absent in results of earlier releases.
       */
      omitted_lines: z.exactOptional(LineCounts),
      /** A file of `STREAM_FAULT_PAGES`. Absent if every resource of the pass can be restored. */
      faults: z.exactOptional(PinnedObject),
      /** The number of resources that `faults` lists. Absent in results of earlier releases. */
      fault_count: z.exactOptional(z.int()),
    })
    .readonly(),
  z
    .object({
      ...PassResult.shape,
      phase: z.literal('blobs'),
      blob_segments: z.array(WrittenSegment).readonly(),
      /** The number of blobs that were copied, and the number of their bytes. Spilled payloads are not counted. */
      blobs: z.int(),
      bytes: z.int(),
      /** The number of different blobs that each model refers to. */
      models: z.record(z.string(), z.int()).readonly(),
      /**
       * A file of `MISSING_BLOBS` with the ids of blobs that the stream does not contain. Absent if no blob is missing.
       */
      missing_list: z.exactOptional(PinnedObject),
      /** A file of `DAMAGED_BLOBS`. Absent if no blob is damaged. */
      damaged: z.exactOptional(PinnedObject),
      /**
       * A file of `STREAM_FAULT_PAGES` about damaged blobs to which no payload refers. Absent if there is no such blob.
       */
      faults: z.exactOptional(PinnedObject),
    })
    .readonly(),
  z.object({ ...PassResult.shape, phase: z.literal('finish') }).readonly(),
])
export type ConvertResult = z.output<typeof ConvertResult>
export type ConvertResultOf<Phase extends ConvertResult['phase']> = Extract<ConvertResult, { readonly phase: Phase }>
export const CONVERT: Stage<ConvertResult> = { name: 'convert', result: ConvertResult }

/** The sorted runs of records that remain to be merged, so that a pass need not read the results of all passes. */
export const REMAINING_RUNS: WorkFile<readonly PinnedObject[], [attempt: string]> = {
  name: (attempt) => `convert/remaining-runs/${attempt}`,
  content: z.array(PinnedObject).readonly(),
}

/** What all passes of `scan` have found about blobs and spilled payloads. */
const ScannedBlobs = z
  .object({
    /** The lists of references that are not empty. */
    lists: z.array(BlobReferenceList).readonly(),
    /** The sorted runs of `ContentLocation` entries. */
    runs: z.array(PinnedObject).readonly(),
    /** The number of references and of locations. */
    entries: z.int(),
  })
  .readonly()
export type ScannedBlobs = z.output<typeof ScannedBlobs>
export const SCANNED_BLOBS: WorkFile<ScannedBlobs, [attempt: string]> = {
  name: (attempt) => `convert/scanned-blobs/${attempt}`,
  content: ScannedBlobs,
}

/** The first irregularities in the part of the stream that one pass scanned. SpecStar accepts these irregularities. */
export const SCAN_FINDINGS: WorkFile<readonly Finding[], [attempt: string]> = {
  name: (attempt) => `convert/findings/${attempt}`,
  content: z.array(Finding).readonly(),
}

/** A resource of the stream that cannot be restored. */
export const StreamFault = z
  .object({
    resource: UnrestorableResource,
    /**
     * True if the converted archive contains the metadata of the resource. Preflight must then leave the resource out.
     */
    has_metadata: z.boolean(),
    corrupt: z.exactOptional(ChecksumMismatch),
  })
  .readonly()
export type StreamFault = z.output<typeof StreamFault>

/** A page of the resources that cannot be restored. They belong to one model, and are in the order of an archive. */
export const STREAM_FAULTS: WorkFile<readonly StreamFault[], [attempt: string, page: number]> = {
  name: (attempt, page) => `convert/faults/${attempt}-${page}`,
  content: z.array(StreamFault).readonly(),
}

export const StreamFaultPage = z
  .object({
    model: z.string(),
    /** The id hashes of the first and last resource. An empty string for a resource without an id. */
    first_h: z.string(),
    last_h: z.string(),
    count: z.int(),
    /** The number of resources whose metadata the converted archive does not contain. */
    without_metadata: z.int(),
    /** A file of `STREAM_FAULTS`. */
    list: PinnedObject,
  })
  .readonly()
export type StreamFaultPage = z.output<typeof StreamFaultPage>

/** The pages in the order of an archive. The file `all-{attempt}` contains the pages of the whole stream. */
export const STREAM_FAULT_PAGES: WorkFile<readonly StreamFaultPage[], [attempt: string]> = {
  name: (attempt) => `convert/fault-pages/${attempt}`,
  content: z.array(StreamFaultPage).readonly(),
}

/**
 * The blobs to which payloads refer, and that cannot be restored although the stream contains them. The file
 * `all-{attempt}` contains the blobs of the whole stream. Any other file contains the blobs of one pass.
 */
export const DAMAGED_BLOBS: WorkFile<readonly ScanFault[], [attempt: string]> = {
  name: (attempt) => `convert/damaged-blobs/${attempt}`,
  content: z.array(ScanFault).readonly(),
}

/**
 * Written by `convert` if the job's archive is a stream of SpecStar. `archive` is the archive that the later stages
 * read instead of the stream.
 */
export const ConvertedArchive = z
  .object({
    archive: PinnedObject,
    /** The stream. */
    source: PinnedObject,
    /** Irregularities of the stream that SpecStar accepts. */
    findings: z.array(Finding).readonly(),
    /**
     * A file of `STREAM_FAULT_PAGES` about all resources that cannot be restored. Absent if every resource can be
     * restored.
     */
    faults: z.exactOptional(PinnedObject),
    /** A file of `DAMAGED_BLOBS`. Absent if no blob is damaged. */
    damaged_blobs: z.exactOptional(PinnedObject),
  })
  .readonly()
export type ConvertedArchive = z.output<typeof ConvertedArchive>
export const CONVERTED_ARCHIVE: WorkFile<ConvertedArchive> = { name: () => 'converted.json', content: ConvertedArchive }
