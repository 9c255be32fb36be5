import * as z from 'zod'
import { ExportCounts, ShrunkCount } from '../jobs/export-result.ts'
import { ArchiveScope } from './archive-scope.ts'

const MEMBERS = {
  job_id: z.string(),
  /** The key of the archive. */
  key: z.string(),
  /** The due time for which the schedule started the export. ISO 8601. */
  at: z.string(),
  manifest_sha256: z.string(),
  scope: ArchiveScope,
  models: z.record(z.string(), ExportCounts).readonly(),
  /** The first 100 reasons for which the archive was judged as suspicious. */
  findings: z.array(ShrunkCount).readonly(),
}

const JUDGED_STATES = ['good', 'incomplete', 'suspicious'] as const
const DECIDED_STATES = ['confirmed', 'rejected'] as const

/** A judgement without the decision of a caller. */
const Undecided = z.object({ ...MEMBERS, state: z.enum(JUDGED_STATES) }).readonly()
export type UndecidedJudgement = z.output<typeof Undecided>

/** The judgement of a suspicious archive that a caller has confirmed or rejected. */
const Decided = z
  .object({
    ...MEMBERS,
    state: z.enum(DECIDED_STATES),
    /** The ARN of the caller, and the time of the decision. */
    decided: z.object({ by: z.string(), at: z.string() }).readonly(),
  })
  .readonly()
export type DecidedJudgement = z.output<typeof Decided>

/**
 * The judgement of one archive of a schedule. It does not expire. Pruning deletes the judgement after the archive, and
 * only if no later decision can depend on the judgement.
 */
export const ArchiveJudgement = z.discriminatedUnion('state', [Undecided, Decided])
export type ArchiveJudgement = z.output<typeof ArchiveJudgement>

/**
 * The states of an archive. The judgement results in `good`, `incomplete` or `suspicious`. If an archive is suspicious,
 * a caller can decide that it is `confirmed` or `rejected`. Confirmed archives count as good. Only a good archive can
 * replace older archives.
 */
export const ARCHIVE_STATES = [...JUDGED_STATES, ...DECIDED_STATES] as const
export type ArchiveState = (typeof ARCHIVE_STATES)[number]

const COUNTED: readonly string[] = ['good', 'confirmed'] satisfies ArchiveState[]

/** Returns true if an archive counts as good. Other states than those of a judgement do not. */
export const isCounted = ({ state }: { readonly state: string }): boolean => COUNTED.includes(state)

/** Returns the number of resources of all models. */
export const resourcesIn = ({ models }: Pick<ArchiveJudgement, 'models'>): number =>
  Object.values(models).reduce((sum, { resources }) => sum + resources, 0)

/** Compares two archives for `sort`. Sorts by due time, newest first. */
export const newestFirst = (a: { readonly at: string }, b: { readonly at: string }): number =>
  Date.parse(b.at) - Date.parse(a.at)
