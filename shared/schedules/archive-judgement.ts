import { z } from 'zod'
import { ArchiveScope } from './archive-scope.ts'

const Counts = z.object({ resources: z.int(), revisions: z.int(), blobs: z.int() }).readonly()

/**
 * The states of an archive. `confirmed` and `rejected` are decisions of a caller about a suspicious archive; every
 * other state is the result of the judgement. A `good` or `confirmed` archive counts as good. Only a good archive can
 * replace older archives.
 */
const ARCHIVE_STATES = ['good', 'incomplete', 'suspicious', 'confirmed', 'rejected'] as const
export type ArchiveState = (typeof ARCHIVE_STATES)[number]

const COUNTED: readonly ArchiveState[] = ['good', 'confirmed']

/**
 * The judgement of one archive of a schedule. It has no expiry. Pruning deletes it after it has deleted the archive,
 * and only if no later decision can depend on it.
 */
export const ArchiveJudgement = z
  .object({
    job_id: z.string(),
    /** The key of the archive. */
    key: z.string(),
    /** The due time: the time for which the schedule started the export. ISO 8601. */
    at: z.string(),
    manifest_sha256: z.string(),
    scope: ArchiveScope,
    models: z.record(z.string(), Counts).readonly(),
    state: z.enum(ARCHIVE_STATES),
    /** The first 100 reasons why the archive is suspicious, or was suspicious before a caller decided. */
    findings: z
      .array(
        z
          .object({
            model: z.string(),
            count: z.enum(['resources', 'revisions', 'blobs']),
            before: z.int(),
            now: z.int(),
            compared_with: z.string(),
          })
          .readonly(),
      )
      .readonly(),
    /** The ARN of the caller who confirmed or rejected the archive, and the time. Absent without a decision. */
    decided: z.exactOptional(z.object({ by: z.string(), at: z.string() }).readonly()),
  })
  .readonly()
export type ArchiveJudgement = z.output<typeof ArchiveJudgement>

/** Returns true if an archive counts as good. */
export const isCounted = ({ state }: Pick<ArchiveJudgement, 'state'>): boolean => COUNTED.includes(state)

/** Returns the number of resources of all models. */
export const resourcesIn = ({ models }: Pick<ArchiveJudgement, 'models'>): number =>
  Object.values(models).reduce((sum, { resources }) => sum + resources, 0)

/** A comparator for `sort`. Sorts by due time, newest first. */
export const newestFirst = (a: { readonly at: string }, b: { readonly at: string }): number =>
  Date.parse(b.at) - Date.parse(a.at)
