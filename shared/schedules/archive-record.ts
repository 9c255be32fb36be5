import { z } from 'zod'
import { ArchiveScope } from './archive-scope.ts'

const Counts = z.object({ resources: z.int(), revisions: z.int(), blobs: z.int() }).readonly()

/**
 * What the judgement of an archive found, or what a caller decided about a suspicious archive. Only archives that are
 * `good` or `confirmed` count: they can replace older archives, and later archives are compared with them.
 */
export const ARCHIVE_STATES = ['good', 'incomplete', 'suspicious', 'confirmed', 'rejected'] as const
export type ArchiveState = (typeof ARCHIVE_STATES)[number]

const COUNTED: readonly ArchiveState[] = ['good', 'confirmed']

/** The judgement of one archive of a schedule. It is kept as long as the archive, and has no expiry. */
export const ArchiveRecord = z
  .object({
    job_id: z.string(),
    /** The key of the archive. */
    key: z.string(),
    /** The time at which the schedule was due. ISO 8601. */
    at: z.string(),
    manifest_sha256: z.string(),
    scope: ArchiveScope,
    models: z.record(z.string(), Counts).readonly(),
    state: z.enum(ARCHIVE_STATES),
    /** Why the archive is, or was, suspicious: the first 100 findings. */
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
    /** Who has confirmed or rejected the archive. */
    decided: z.exactOptional(z.object({ by: z.string(), at: z.string() }).readonly()),
  })
  .readonly()
export type ArchiveRecord = z.output<typeof ArchiveRecord>

export const isCounted = ({ state }: Pick<ArchiveRecord, 'state'>): boolean => COUNTED.includes(state)

/** Returns the number of resources of all models. */
export const resourcesIn = ({ models }: Pick<ArchiveRecord, 'models'>): number =>
  Object.values(models).reduce((sum, { resources }) => sum + resources, 0)

/** Compares two records for `sort`: the newest first. */
export const newestFirst = (a: { readonly at: string }, b: { readonly at: string }): number =>
  Date.parse(b.at) - Date.parse(a.at)
