import { z } from 'zod'
import { BlobReferenceList } from '../blobs/blob-reference-list.ts'
import { PinnedObject } from '../objects/object.ts'
import { RecordsPiece, RecordsSegment, WrittenSegment } from '../compose/segments.ts'
import { PassResult } from '../jobs/pass.ts'
import type { Stage } from '../jobs/stage.ts'
import type { WorkFile } from '../jobs/work-files.ts'

/** A range of one model's digest buckets (4 hex digits of `h`): `to` is exclusive, `10000` is the end. */
export const ModelRange = z.object({ model: z.string(), from: z.string(), to: z.string() }).readonly()
export type ModelRange = z.output<typeof ModelRange>

/** Written by `plan-export`. */
export const ExportPlan = z
  .object({
    /** ISO 8601. */
    started_at: z.string(),
    /** The ranges of each map item: one range of a large model, or several small models whole. */
    items: z.array(z.array(ModelRange).readonly()).readonly(),
  })
  .readonly()
export type ExportPlan = z.output<typeof ExportPlan>
export const EXPORT_PLAN: WorkFile<ExportPlan> = { name: () => 'plan.json', content: ExportPlan }

/** The result of a pass of `export-records`. An archive has segments, a stream of SpecStar has pieces. */
export const RecordsResult = z
  .object({
    ...PassResult.shape,
    segments: z.array(RecordsSegment).readonly(),
    pieces: z.array(RecordsPiece).readonly(),
    references: BlobReferenceList,
  })
  .readonly()
export type RecordsResult = z.output<typeof RecordsResult>
export const EXPORT_RECORDS: Stage<RecordsResult> = { name: 'export-records', result: RecordsResult }

/** Written by `plan-export-blobs`: each map item exports one range of the blobs in all lists. */
export const BlobPlan = z
  .object({
    lists: z.array(BlobReferenceList).readonly(),
    items: z.array(z.object({ from: z.int(), to: z.int() }).readonly()).readonly(),
  })
  .readonly()
export type BlobPlan = z.output<typeof BlobPlan>
export const BLOB_PLAN: WorkFile<BlobPlan> = { name: () => 'blob-plan.json', content: BlobPlan }

/** A run of blobs of one model's section in a stream of SpecStar. */
export const BlobsPiece = z.object({ object: PinnedObject, model: z.string() }).readonly()
export type BlobsPiece = z.output<typeof BlobsPiece>

/** The result of a pass of `export-blobs`. An archive has a segment, a stream of SpecStar has pieces. */
export const BlobsResult = z
  .object({
    ...PassResult.shape,
    segment: z.exactOptional(WrittenSegment),
    pieces: z.exactOptional(z.array(BlobsPiece).readonly()),
    /** Blobs that were written (payloads are not counted), and their bytes. */
    blobs: z.int(),
    bytes: z.int(),
    /** The number of different blobs that each model refers to. */
    models: z.record(z.string(), z.int()).readonly(),
    missing: z.int(),
    /** The ids of the missing blobs: a file of `MISSING_BLOBS`. */
    missing_list: z.exactOptional(PinnedObject),
  })
  .readonly()
export type BlobsResult = z.output<typeof BlobsResult>
export const EXPORT_BLOBS: Stage<BlobsResult> = { name: 'export-blobs', result: BlobsResult }

/** An object to compose. The tail is uploaded as bytes, however large it is: S3 cannot copy a last part below its minimum. */
export const ComposePiece = z.object({ object: PinnedObject, copyable: z.boolean() }).readonly()
export type ComposePiece = z.output<typeof ComposePiece>

/** The multipart upload of the archive, and the pieces that its parts are made of. */
export const ComposeTarget = z
  .object({ bucket: z.string(), key: z.string(), upload_id: z.string(), pieces: z.array(ComposePiece).readonly() })
  .readonly()
export type ComposeTarget = z.output<typeof ComposeTarget>

/** Written by `plan-compose` for one round: joins runs of segments if there are too many parts, else composes the archive. */
export const ComposePlan = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('join'), runs: z.array(z.array(PinnedObject).readonly()).readonly() }).readonly(),
  z
    .object({
      kind: z.literal('archive'),
      target: ComposeTarget,
      /** The part numbers of each map item. */
      items: z.array(z.array(z.int()).readonly()).readonly(),
      /** A stream of SpecStar has no manifest. */
      manifest_sha256: z.exactOptional(z.string()),
    })
    .readonly(),
])
export type ComposePlan = z.output<typeof ComposePlan>
export const COMPOSE_PLAN: WorkFile<ComposePlan, [round: number]> = {
  name: (round) => `compose-${round}.json`,
  content: ComposePlan,
}

/** A run of segments, joined into one object. */
export const JoinResult = z.object({ ...PassResult.shape, object: PinnedObject }).readonly()
export type JoinResult = z.output<typeof JoinResult>
/** A round of `compose-parts` that joins segments. */
export const joinRound = (round: number): Stage<JoinResult> => ({
  name: `compose-parts-join-${round}`,
  result: JoinResult,
})

export const PartsResult = z
  .object({
    ...PassResult.shape,
    parts: z.array(z.object({ number: z.int(), etag: z.string(), size: z.int() }).readonly()).readonly(),
  })
  .readonly()
export type PartsResult = z.output<typeof PartsResult>
export const COMPOSE_PARTS: Stage<PartsResult> = { name: 'compose-parts', result: PartsResult }

/** What the job reports of an export. */
export const ExportSummary = z
  .object({
    models: z
      .record(z.string(), z.object({ resources: z.int(), revisions: z.int(), blobs: z.int() }).readonly())
      .readonly(),
    complete: z.boolean(),
    missing_blobs: z.object({ count: z.int(), ids: z.array(z.string()).readonly() }).readonly(),
  })
  .readonly()
export type ExportSummary = z.output<typeof ExportSummary>

/** What follows the segments or pieces: the manifest and trailer of an archive, or the end of a stream. */
export const Tail = z
  .object({
    object: PinnedObject,
    segments: z.array(PinnedObject).readonly(),
    manifest_sha256: z.exactOptional(z.string()),
    /** Only of a stream: an archive's manifest holds it. */
    summary: z.exactOptional(ExportSummary),
  })
  .readonly()
export type Tail = z.output<typeof Tail>
export const TAIL: WorkFile<Tail> = { name: () => 'tail.json', content: Tail }

/** The archive, after it was read back. */
export const ComposedResult = z
  .object({
    done: z.literal(true),
    archive: z.object({ ...PinnedObject.unwrap().shape, manifest_sha256: z.exactOptional(z.string()) }).readonly(),
  })
  .readonly()
export type ComposedResult = z.output<typeof ComposedResult>
export const FINISH_COMPOSE: Stage<ComposedResult> = { name: 'finish-compose', result: ComposedResult }

/** Names of the other objects of an export in the work bucket. Attempts never share a name; results identify the objects that count. */
export const workName = {
  segment: (stage: string, n: number, attempt: string, k: number) => `segments/${stage}/${n}/${attempt}-${k}`,
  digests: (n: number, attempt: string, k: number) => `digests/${n}/${attempt}-${k}`,
  references: (n: number, attempt: string) => `references/${n}/${attempt}`,
  tail: (attempt: string) => `tail/${attempt}`,
  /** The frames of a stream that precede the records of model `k`. */
  sectionStart: (attempt: string, k: number) => `section-start/${attempt}/${k}`,
  joined: (round: number, n: number, attempt: string) => `joined/${round}/${n}/${attempt}`,
} as const
