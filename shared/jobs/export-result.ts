import * as z from 'zod'
import { PinnedObject } from '../objects/object.ts'
import { IdsWithoutResource, ListedBlobs, ListedResources } from './job-lists.ts'

export const ExportCounts = z.object({ resources: z.int(), revisions: z.int(), blobs: z.int() }).readonly()
export type ExportCounts = z.output<typeof ExportCounts>

/** A count that is much smaller in a scheduled archive than in an earlier archive of the schedule. */
export const ShrunkCount = z
  .object({
    model: z.string(),
    count: z.enum(['resources', 'revisions', 'blobs']),
    before: z.int(),
    now: z.int(),
    /** The job of the earlier archive. */
    compared_with: z.string(),
  })
  .readonly()
export type ShrunkCount = z.output<typeof ShrunkCount>

/** The decision of a caller about a suspicious archive. */
export const ArchiveDecision = z
  .object({
    decision: z.enum(['confirmed', 'rejected']),
    /** The ARN of the caller. */
    by: z.string(),
    /** ISO 8601. */
    at: z.string(),
  })
  .readonly()
export type ArchiveDecision = z.output<typeof ArchiveDecision>

/**
 * The reasons why a scheduled archive is suspicious, and the decision about it. A suspicious archive contains much less
 * than earlier archives of the schedule.
 */
const SuspiciousArchive = z
  .object({
    /**
     * The number of resources in the archive. A request that confirms or rejects the archive must contain this number.
     */
    resources: z.int(),
    /** The first 100 findings. */
    findings: z.array(ShrunkCount).readonly(),
    /** Absent until a caller confirms or rejects the archive. */
    decision: z.exactOptional(ArchiveDecision),
  })
  .readonly()
export type SuspiciousArchive = z.output<typeof SuspiciousArchive>

/** Items of the resource table that belong to no resource of a registered model. */
const Unaccounted = z
  .object({
    count: z.int(),
    /**
     * True if the stage `account-items` failed. Only the items that it found before the failure are counted and listed.
     * Otherwise absent.
     */
    incomplete: z.exactOptional(z.boolean()),
    /** The number of items for each reason. */
    reasons: z.record(z.string(), z.int()).readonly(),
    /** The first 100, or fewer if they exceed 14 KiB. */
    items: z.array(z.object({ pk: z.string(), sk: z.string(), reason: z.string() }).readonly()).readonly(),
    /** The object in the work bucket that lists all these items. */
    list: z.exactOptional(z.object({ bucket: z.string(), key: z.string() }).readonly()),
  })
  .readonly()
export type Unaccounted = z.output<typeof Unaccounted>

/** An archive or stream, and the digest of its manifest. A stream has no manifest. */
export const ExportedArchive = z
  .object({ ...PinnedObject.unwrap().shape, manifest_sha256: z.exactOptional(z.string()) })
  .readonly()

/** The part of an export's result that describes the content of the archive. */
export const ExportSummary = z
  .object({
    models: z.record(z.string(), ExportCounts).readonly(),
    complete: z.boolean(),
    missing_blobs: ListedBlobs,
    /**
     * The resources that were left out of the archive, because they could not be restored. Absent if no resource was
     * left out.
     */
    left_out: z.exactOptional(ListedResources),
    /**
     * The resources and blobs that a stream of SpecStar contains without some of their attributes or headers. The
     * `resource_id` of a blob is `blob {id}`. Absent if nothing was omitted.
     */
    omitted: z.exactOptional(ListedResources),
  })
  .readonly()
export type ExportSummary = z.output<typeof ExportSummary>

export const ExportResult = z
  .object({
    archive: ExportedArchive,
    ...ExportSummary.unwrap().shape,
    ...IdsWithoutResource.unwrap().shape,
    /** Present only if the export searched for items that belong to no resource, and found such items or failed. */
    unaccounted: z.exactOptional(Unaccounted),
    /** Present only if the archive of a scheduled export was judged as suspicious. */
    suspicious: z.exactOptional(SuspiciousArchive),
  })
  .readonly()
export type ExportResult = z.output<typeof ExportResult>
