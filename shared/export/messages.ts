import * as z from 'zod'
import { ExportedArchive, ExportSummary } from '../jobs/export-result.ts'
import { BlobReferenceList, PrefixRange } from '../blobs/blob-reference-list.ts'
import { MissingBlob } from '../blobs/referrer.ts'
import { BlobPathList } from '../resources/blob-paths.ts'
import { FoundIds } from '../jobs/found-ids.ts'
import { ListedResources } from '../jobs/job-lists.ts'
import { PinnedObject } from '../objects/object.ts'
import { RecordsPiece, RecordsSegment, WrittenSegment } from '../compose/segments.ts'
import { PassInput, PassOutput, PlannedRound, type StageMessages } from '../jobs/messages.ts'
import { PassResult } from '../jobs/pass.ts'
import type { ResultName, Stage } from '../jobs/stage.ts'
import type { WorkFile } from '../jobs/work-files.ts'
import { UNACCOUNTED_REASONS } from '../resources/item-owner.ts'
import type { Key } from '../tables/item.ts'

/**
 * A range of one model's digest buckets. The name of a digest bucket is the first 4 hex digits of the id hashes in it.
 * `from` is inclusive, and `to` is exclusive. In the last range, `to` is `10000`.
 */
export const ModelRange = z.object({ model: z.string(), from: z.string(), to: z.string() }).readonly()
export type ModelRange = z.output<typeof ModelRange>

/** Written by `plan-export`. */
export const ExportPlan = z
  .object({
    /** ISO 8601. */
    started_at: z.string(),
    /**
     * The ranges of each map item. A map item has either one range of a large model, or the complete ranges of several
     * small models.
     */
    items: z.array(z.array(ModelRange).readonly()).readonly(),
    /**
     * The paths of references to blobs in payloads, for each model whose registry entry has `blobs` when the export
     * starts.
     */
    blob_paths: z.record(z.string(), BlobPathList).readonly(),
    /** True if the export searches for items that belong to no resource. Absent means false. */
    accounts_for_items: z.exactOptional(z.boolean()),
    /** The estimated numbers of resources and revisions. Absent if filters select the resources. */
    expected: z.exactOptional(z.object({ resources: z.int(), revisions: z.int() }).readonly()),
  })
  .readonly()
export type ExportPlan = z.output<typeof ExportPlan>
export const EXPORT_PLAN: WorkFile<ExportPlan> = { name: () => 'plan.json', content: ExportPlan }

/** The ids in the filter `ids` that one pass has found. */
export const EXPORTED_IDS: WorkFile<FoundIds, [n: number, attempt: string]> = {
  name: (n, attempt) => `exported-ids/${n}/${attempt}`,
  content: FoundIds,
}

/**
 * The result of a pass of `export-records`. For an archive, a pass writes segments. For a SpecStar stream, it writes
 * pieces.
 */
export const RecordsResult = z
  .object({
    ...PassResult.shape,
    segments: z.array(RecordsSegment).readonly(),
    pieces: z.array(RecordsPiece).readonly(),
    /** The resources of which a stream lacks attributes. Absent if there are none. */
    omitted: z.exactOptional(ListedResources),
    references: BlobReferenceList,
    /** The resources that the pass left out, because they could not be restored. Absent if no resource was left out. */
    left_out: z.exactOptional(PinnedObject),
    /**
     * The revisions for which the pass has found no metadata. `lists` are files of `UNCLAIMED_REVISIONS`. `read_at` is
     * a time at which the pass had read all of them. Absent if the pass has found the metadata of every revision.
     */
    unclaimed_revisions: z.exactOptional(
      z.object({ lists: z.array(PinnedObject).readonly(), read_at: z.string() }).readonly(),
    ),
    /** A file of `EXPORTED_IDS`. Absent if the request has no filter `ids`. */
    ids: z.exactOptional(PinnedObject),
  })
  .readonly()
export type RecordsResult = z.output<typeof RecordsResult>
export const EXPORT_RECORDS: Stage<RecordsResult> = { name: 'export-records', result: RecordsResult }

/**
 * Written by `plan-export-blobs` in its last round. `items` contains one range for each map item. A map item exports
 * the blobs of its range from all lists.
 */
const BlobPlan = z
  .object({
    lists: z.array(BlobReferenceList).readonly(),
    items: z.array(PrefixRange).readonly(),
    /** The number of blobs, which may be an estimate. Absent in plans of earlier versions of the deployment. */
    expected: z.exactOptional(z.object({ blobs: z.int() }).readonly()),
  })
  .readonly()
export type BlobPlan = z.output<typeof BlobPlan>
export const BLOB_PLAN: WorkFile<BlobPlan> = { name: () => 'blob-plan.json', content: BlobPlan }

/** Consecutive blobs in the section of one model of a stream of SpecStar. */
export const BlobsPiece = z.object({ object: PinnedObject, model: z.string() }).readonly()
export type BlobsPiece = z.output<typeof BlobsPiece>

const BLOBS_RESULT = {
  ...PassResult.shape,
  /** The number of blobs that were written, and the sum of their sizes in bytes. Spilled payloads are not counted. */
  blobs: z.int(),
  bytes: z.int(),
  /** For each model, the number of blobs of this pass to which resources of the model refer. */
  models: z.record(z.string(), z.int()).readonly(),
  missing: z.int(),
  /** A file of `MISSING_BLOBS` with the missing blobs. Absent if no blob is missing. */
  missing_list: z.exactOptional(PinnedObject),
  /** The blobs of which a stream lacks headers. Absent if there are none. */
  omitted: z.exactOptional(ListedResources),
}
const WrittenPieces = z.object({ ...BLOBS_RESULT, pieces: z.array(BlobsPiece).readonly() }).readonly()
const WrittenBlobs = z
  .object({ ...BLOBS_RESULT, segments: z.array(WrittenSegment).readonly(), pieces: z.exactOptional(z.never()) })
  .readonly()

/**
 * The result of a pass of `export-blobs`: pieces of a SpecStar stream, or segments of an archive. Each large blob is a
 * segment of its own.
 */
export const BlobsResult = z.union([WrittenPieces, WrittenBlobs])
export type BlobsResult = z.output<typeof BlobsResult>
export const EXPORT_BLOBS: Stage<BlobsResult> = { name: 'export-blobs', result: BlobsResult }

/**
 * An object that becomes part of the archive. `copyable` is true if S3 can copy its bytes. It is false for the tail,
 * whose bytes must be uploaded.
 */
export const ComposePiece = z.object({ object: PinnedObject, copyable: z.boolean() }).readonly()
export type ComposePiece = z.output<typeof ComposePiece>

/** The multipart upload of the archive, and the pieces from which its parts are created. */
export const ComposeTarget = z
  .object({ bucket: z.string(), key: z.string(), upload_id: z.string(), pieces: z.array(ComposePiece).readonly() })
  .readonly()
export type ComposeTarget = z.output<typeof ComposeTarget>

/**
 * The input of one round of `plan-compose`. Most exports have one round. If the archive would have more than 9,900
 * parts, additional rounds first join segments.
 */
export const ComposeInput = z.object({ job_id: z.string(), round: z.int().nonnegative() }).readonly()
export type ComposeInput = z.output<typeof ComposeInput>
/**
 * The output of `plan-compose`. `more` is true if another round must follow, because this round only joins segments.
 */
export const ComposeOutput = z.object({ ...PlannedRound.unwrap().shape, round: z.int().nonnegative() }).readonly()
export type ComposeOutput = z.output<typeof ComposeOutput>
export const PLAN_ROUND: StageMessages<ComposeInput, ComposeOutput> = { input: ComposeInput, output: ComposeOutput }

/**
 * Written by `plan-compose` for one round. A round joins runs of segments if the archive would have too many parts.
 * Otherwise it composes the archive.
 */
export const ComposePlan = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('join'), runs: z.array(z.array(PinnedObject).readonly()).readonly() }).readonly(),
  z
    .object({
      kind: z.literal('archive'),
      target: ComposeTarget,
      /** For each map item, the numbers of the parts that it creates. */
      items: z.array(z.array(z.int()).readonly()).readonly(),
      /** Absent for a SpecStar stream, which has no manifest. */
      manifest_sha256: z.exactOptional(z.string()),
    })
    .readonly(),
])
export type ComposePlan = z.output<typeof ComposePlan>
export const COMPOSE_PLAN: WorkFile<ComposePlan, [round: number]> = {
  name: (round) => `compose-${round}.json`,
  content: ComposePlan,
}

/**
 * The result of a pass that joins a run of segments. `object` contains all bytes of the run. It is absent if another
 * pass continues.
 */
export const JoinResult = z.object({ ...PassResult.shape, object: z.exactOptional(PinnedObject) }).readonly()
export type JoinResult = z.output<typeof JoinResult>
/**
 * Returns the stage of a round that joins segments. The name contains the round, so that the results of the rounds are
 * stored separately.
 */
export const joinRound = (round: number): Stage<JoinResult, ResultName> => ({
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

const ItemKey = z.object({ pk: z.string(), sk: z.string() }).readonly()

/** Keys of revisions for which one pass of `export-records` has found no metadata. A pass can write several files. */
export const UNCLAIMED_REVISIONS: WorkFile<readonly Key[], [n: number, attempt: string, file: number]> = {
  name: (n, attempt, file) => `unclaimed/${n}/${attempt}-${file}.json`,
  content: z.array(ItemKey).readonly(),
}

/** A file of `UNCLAIMED_REVISIONS`, and a time at which its pass had read all of these revisions. */
const UnclaimedList = z.object({ list: PinnedObject, read_at: z.string() }).readonly()
export type UnclaimedList = z.output<typeof UnclaimedList>

/** Written by the pass of `account-items` that ends the scan of the table. Contains the files of all passes. */
export const UNCLAIMED_LISTS: WorkFile<readonly UnclaimedList[]> = {
  name: () => 'unclaimed-lists.json',
  content: z.array(UnclaimedList).readonly(),
}

/** An item of the table that belongs to no resource. */
export const UnaccountedItem = z.object({ ...ItemKey.unwrap().shape, reason: z.enum(UNACCOUNTED_REASONS) }).readonly()
export type UnaccountedItem = z.output<typeof UnaccountedItem>

/** The result of a pass of `account-items`. */
export const AccountResult = z
  .object({
    ...PassResult.shape,
    /** The number of unaccounted items that the pass has found, by reason. */
    counts: z.partialRecord(z.enum(UNACCOUNTED_REASONS), z.int()).readonly(),
    /** The first of these items. */
    first: z.array(UnaccountedItem).readonly(),
    /** An object with all of these items, one JSON object per line. Absent if the pass has found no such item. */
    lines: z.exactOptional(PinnedObject),
    /**
     * An object with the lines of all passes. Present only in the result of the last pass, and only if there are lines.
     */
    all_lines: z.exactOptional(PinnedObject),
  })
  .readonly()
export type AccountResult = z.output<typeof AccountResult>
export const ACCOUNT_ITEMS: Stage<AccountResult> = { name: 'account-items', result: AccountResult }

/** The output of a pass of `account-items`. The workflow waits for `wait_seconds` before the next pass. */
export const AccountOutput = z.object({ ...PassOutput.unwrap().shape, wait_seconds: z.int().nonnegative() }).readonly()
export type AccountOutput = z.output<typeof AccountOutput>
export const RUN_ACCOUNT_PASSES: StageMessages<PassInput, AccountOutput> = { input: PassInput, output: AccountOutput }

/**
 * The tail, and the objects that precede it. The tail consists of the manifest and the trailer of an archive, or of the
 * end of a stream.
 */
export const Tail = z
  .object({
    object: PinnedObject,
    segments: z.array(PinnedObject).readonly(),
    manifest_sha256: z.exactOptional(z.string()),
    /**
     * The missing blobs with the resources that refer to them. They are stored here, because neither an archive nor a
     * stream contains them.
     */
    referred_by: z.exactOptional(z.array(MissingBlob).readonly()),
    /** Present only for a stream. The summary of an archive is computed from its manifest. */
    summary: z.exactOptional(ExportSummary),
  })
  .readonly()
export type Tail = z.output<typeof Tail>
export const TAIL: WorkFile<Tail> = { name: () => 'tail.json', content: Tail }

/** The composed archive. This result is stored only after the archive could be opened. */
const ComposedResult = z
  .object({
    done: z.literal(true),
    archive: ExportedArchive,
  })
  .readonly()
type ComposedResult = z.output<typeof ComposedResult>
export const FINISH_COMPOSE: Stage<ComposedResult> = { name: 'finish-compose', result: ComposedResult }

/**
 * The names of an export's objects in the work bucket that are not JSON files. Every name contains the id of an
 * attempt, so two attempts never write the same object. Later stages read only objects to which stored results refer.
 */
export const workName = {
  segment: (stage: string, n: number, attempt: string, k: number) => `segments/${stage}/${n}/${attempt}-${k}`,
  digests: (n: number, attempt: string, k: number) => `digests/${n}/${attempt}-${k}`,
  references: (n: number, attempt: string) => `references/${n}/${attempt}`,
  unaccounted: (attempt: string) => `unaccounted/${attempt}.jsonl`,
  allUnaccounted: (attempt: string) => `unaccounted/${attempt}-all.jsonl`,
  tail: (attempt: string) => `tail/${attempt}`,
  /** The frames of a stream that precede the records of model `k`. */
  sectionStart: (attempt: string, k: number) => `section-start/${attempt}/${k}`,
  joined: (round: number, n: number, attempt: string) => `joined/${round}/${n}/${attempt}`,
} as const
