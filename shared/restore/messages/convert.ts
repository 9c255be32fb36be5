import { z } from 'zod'
import { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { RecordsSegment, WrittenSegment } from '../../compose/segments.ts'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'
import { OrderState } from '../../specstar/stream-order.ts'
import { ReaderPosition } from '../../specstar/stream-reader.ts'
import { Finding } from './finding.ts'
import { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'

/** The position where the merge of sorted runs continues: the offset of the next entry in each run. */
const RunOffsets = z.array(z.int()).readonly()

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
  z.object({ phase: z.literal('scan'), source: PinnedObject, position: ReaderPosition, order: OrderState }).readonly(),
  z.object({ phase: z.literal('merge'), source: PinnedObject }).readonly(),
  z.object({ phase: z.literal('records'), source: PinnedObject, run_offsets: RunOffsets }).readonly(),
  z
    .object({
      phase: z.literal('blobs'),
      source: PinnedObject,
      run_offsets: RunOffsets,
      /** Index of the range of positions. */
      range: z.int(),
      /** The first position of the range that has not been converted yet. */
      from: z.string(),
    })
    .readonly(),
  z.object({ phase: z.literal('finish'), source: PinnedObject }).readonly(),
])
export type ConvertCursor = z.output<typeof ConvertCursor>
export type ConvertCursorOf<Phase extends ConvertCursor['phase']> = Extract<ConvertCursor, { readonly phase: Phase }>

/** The result of a pass of `convert`. */
export const ConvertResult = z.discriminatedUnion('phase', [
  /** The archive of the job is not a stream, so there is nothing to convert. */
  z.object({ ...PassResult.shape, phase: z.literal('not-a-stream') }).readonly(),
  z
    .object({
      ...PassResult.shape,
      phase: z.literal('scan'),
      /** Sorted runs of record lines. */
      runs: z.array(PinnedObject).readonly(),
      /**
       * A sorted run of `ContentLocation` entries for blobs and spilled payloads. Absent if this part of the stream has
       * no blobs and no spilled payloads.
       */
      contents: z.exactOptional(PinnedObject),
      content_count: z.int(),
      /** The blobs and spilled payloads that the payloads refer to. */
      references: BlobReferenceList,
      /** The models whose sections begin in this part of the stream. */
      models: z.array(z.string()).readonly(),
      resources: z.int(),
      revisions: z.int(),
      /** A file of `SCAN_FINDINGS`. Absent if there are none. */
      findings: z.exactOptional(PinnedObject),
      /** A file of `SCAN_FAULTS`. Absent if there are none. */
      faults: z.exactOptional(PinnedObject),
    })
    .readonly(),
  z
    .object({
      ...PassResult.shape,
      phase: z.literal('merge'),
      /**
       * The number of runs that were merged into `run`. They are the first runs of the list. They are removed from it,
       * and `run` is appended.
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
      /** A file of `STREAM_FAULTS`. Absent if there are none. */
      faults: z.exactOptional(PinnedObject),
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
      /** A file of `MISSING_BLOBS` with the ids of blobs that the stream does not contain. Absent if there are none. */
      missing_list: z.exactOptional(PinnedObject),
    })
    .readonly(),
  z.object({ ...PassResult.shape, phase: z.literal('finish') }).readonly(),
])
export type ConvertResult = z.output<typeof ConvertResult>
export type ConvertResultOf<Phase extends ConvertResult['phase']> = Extract<ConvertResult, { readonly phase: Phase }>
export const CONVERT: Stage<ConvertResult> = { name: 'convert', result: ConvertResult }

/** The first irregularities in the part of the stream that one pass scanned. SpecStar accepts these irregularities. */
export const SCAN_FINDINGS: WorkFile<readonly Finding[], [attempt: string]> = {
  name: (attempt) => `convert/findings/${attempt}`,
  content: z.array(Finding).readonly(),
}

/** The resources that cannot be restored, because the scan of one pass found an invalid record. */
export const SCAN_FAULTS: WorkFile<readonly UnrestorableResource[], [attempt: string]> = {
  name: (attempt) => `convert/scan-faults/${attempt}`,
  content: z.array(UnrestorableResource).readonly(),
}

/** A resource of the stream that cannot be restored. */
export const StreamFault = z
  .object({
    resource: UnrestorableResource,
    /**
     * True if the converted archive contains the metadata of the resource. Preflight must then leave the resource out.
     */
    has_metadata: z.boolean(),
  })
  .readonly()
export type StreamFault = z.output<typeof StreamFault>

/**
 * The resources that cannot be restored. The file `all-{attempt}` contains those of the whole stream. Any other file
 * contains those of one pass.
 */
export const STREAM_FAULTS: WorkFile<readonly StreamFault[], [attempt: string]> = {
  name: (attempt) => `convert/faults/${attempt}`,
  content: z.array(StreamFault).readonly(),
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
    /** A file of `STREAM_FAULTS` with all resources that cannot be restored. Absent if there are none. */
    faults: z.exactOptional(PinnedObject),
  })
  .readonly()
export type ConvertedArchive = z.output<typeof ConvertedArchive>
export const CONVERTED_ARCHIVE: WorkFile<ConvertedArchive> = { name: () => 'converted.json', content: ConvertedArchive }
