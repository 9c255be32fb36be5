import * as z from 'zod'
import { DAY_MS } from '../values/durations.ts'
import { ARCHIVE_STATES, type ArchiveJudgement, isCounted, resourcesIn } from './archive-judgement.ts'
import { covers } from './archive-scope.ts'
import { lockReason } from './locked-until.ts'
import type { JudgedArchive, JudgedArchives } from './judged-archives.ts'
import type { Schedule } from './schedule.ts'

export const PRUNE_ACTIONS = ['delete', 'keep'] as const

/** The action that the next pruning takes for one archive, and the reason. */
export const PlannedArchive = z
  .object({
    key: z.string(),
    job_id: z.string(),
    at: z.string().describe('The due time of the archive'),
    state: z
      .enum([...ARCHIVE_STATES, 'damaged', 'unreadable'])
      .describe(
        '`damaged` if the archive was judged as good or confirmed, but its last check has found damage, or it cannot be ' +
          'opened or has changed since. `unreadable` if it cannot be opened and was never judged',
      ),
    resources: z
      .exactOptional(z.int())
      .describe('The number of resources in the archive. Absent if the archive is unreadable'),
    locked_until: z
      .exactOptional(z.string())
      .describe('The time until which the archive is locked. Present only if it is kept for this reason'),
    action: z.enum(PRUNE_ACTIONS),
    reason: z.string(),
  })
  .readonly()
export type PlannedArchive = z.output<typeof PlannedArchive>

export interface PrunePlan {
  /** The suspicious archives, newest first. Pruning is stopped until a caller has confirmed or rejected them. */
  readonly stopped_by: readonly ArchiveJudgement[]
  /** Newest first. */
  readonly archives: readonly PlannedArchive[]
  /** The judgements that can be deleted, because their archives no longer exist and no later decision needs them. */
  readonly obsolete: readonly ArchiveJudgement[]
}

/** The data from which the plan of one schedule is computed. */
interface PruneCandidates extends JudgedArchives {
  readonly schedule: Pick<Schedule, 'keep_days'>
  /** The newest good archive of each scope, newest first. See `goodSuccessors`. */
  readonly successors: readonly ArchiveJudgement[]
  /** The archives that were judged as good, but that a check has found damaged. Newest first. */
  readonly damaged: readonly ArchiveJudgement[]
  /** The archives that were judged as good, but that cannot be opened or have changed since. Newest first. */
  readonly changed: readonly ArchiveJudgement[]
  /** The times until which S3 Object Lock protects archives, by their keys. ISO 8601. */
  readonly locks: ReadonlyMap<string, string>
  readonly now: Date
}

/**
 * Decides which archives of a schedule are deleted. An archive is deleted only if all of these conditions are true:
 *
 * - It is older than `keep_days`.
 * - A newer good archive of the same or a wider scope exists and could be opened just now, and its last check, if there
 *   was one, has found no damage.
 * - No suspicious archive waits for a decision. A suspicious archive needs no decision if a newer good archive exists.
 * - No later archive was confirmed within the last `keep_days`.
 * - It is not locked.
 */
export const planPruning = (candidates: PruneCandidates): PrunePlan => {
  const { archives, judgements } = candidates
  const stopped_by = undecided(judgements)
  const holds = holdsOf(judgements, candidates.schedule.keep_days)
  const planned = archives.map((archive) => planArchive({ ...candidates, stopped_by, holds }, archive))
  const kept = new Set(planned.filter(({ action }) => action === 'keep').map(({ key }) => key))
  return {
    stopped_by,
    archives: planned,
    obsolete: judgements.filter((judgement) => isObsolete(candidates, kept, judgement)),
  }
}

/** The data from which the action for one archive is computed. */
interface Decision extends PruneCandidates {
  /** The suspicious archives that wait for a decision. */
  readonly stopped_by: readonly ArchiveJudgement[]
  readonly holds: readonly Hold[]
}

/** A confirmed archive. It protects earlier archives from deletion for `keep_days` after the confirmation. */
interface Hold {
  readonly at: string
  /** The end of the protection, in ms since 1970. */
  readonly until: number
}

/** Returns the suspicious archives that are newer than every good archive. */
const undecided = (judgements: readonly ArchiveJudgement[]): ArchiveJudgement[] => {
  const good = judgements.filter(isCounted)
  const newestGood = good.reduce((newest, { at }) => Math.max(newest, Date.parse(at)), -Infinity)
  return judgements.filter(({ state, at }) => state === 'suspicious' && Date.parse(at) >= newestGood)
}

const planArchive = (
  candidates: Decision,
  { object: { key }, job_id, at, judgement }: JudgedArchive,
): PlannedArchive => {
  const isDamaged = [...candidates.damaged, ...candidates.changed].some((one) => one.key === key)
  const shown = {
    key,
    job_id,
    at,
    ...(judgement === undefined
      ? { state: 'unreadable' as const }
      : { state: isDamaged ? ('damaged' as const) : judgement.state, resources: resourcesIn(judgement) }),
  }
  return { ...shown, ...decide(candidates, { key, at }, judgement) }
}

/** Decides about one archive. If there is a suspicious archive that waits for a decision, no archive is deleted. */
const decide = (
  candidates: Decision,
  { key, at }: { readonly key: string; readonly at: string },
  judgement: ArchiveJudgement | undefined,
): Pick<PlannedArchive, 'action' | 'reason' | 'locked_until'> => {
  const { schedule, holds, now } = candidates
  const [suspicious] = candidates.stopped_by
  const { keep_days } = schedule
  const keep = (reason: string) => ({ action: 'keep', reason }) as const
  const keptUntil = Date.parse(at) + keep_days * DAY_MS
  if (keptUntil >= now.getTime()) return keep(`is kept until ${isoTime(keptUntil)} (keep_days is ${keep_days})`)
  if (suspicious !== undefined)
    return keep(
      'no archive of this schedule is deleted, because the archive of job ' +
        `${suspicious.job_id} is suspicious and nobody has confirmed or rejected it`,
    )
  const successor = newerOf(candidates.successors, at, judgement)
  if (successor === undefined) {
    return keep(`no newer good archive has the same or a wider scope${damageOf(candidates, at, judgement)}`)
  }
  const heldUntil = holdOf(holds, at)
  if (heldUntil > now.getTime())
    return keep(`is kept until ${isoTime(heldUntil)}, because a later archive was suspicious and was confirmed`)
  const locked_until = candidates.locks.get(key)
  if (locked_until !== undefined) return { ...keep(lockReason(locked_until)), locked_until }
  const reason = `is older than keep_days (${keep_days}), and job ${successor.job_id} made a newer good archive`
  return { action: 'delete', reason }
}

/** Returns the end of a sentence about a newer archive that is damaged. Returns an empty string if there is none. */
const damageOf = (
  { damaged, changed }: Pick<Decision, 'damaged' | 'changed'>,
  at: string,
  judgement: ArchiveJudgement | undefined,
): string => {
  const found = newerOf(damaged, at, judgement)
  if (found !== undefined) return `: a check has found the archive of job ${found.job_id} damaged`
  const other = newerOf(changed, at, judgement)
  return other === undefined ? '' : `: the archive of job ${other.job_id} cannot be opened, or has changed`
}

/**
 * Returns a newer archive of the same or a wider scope. If an archive has no judgement, its scope is unknown, and any
 * newer archive is returned.
 */
const newerOf = (
  archives: readonly ArchiveJudgement[],
  at: string,
  judgement: ArchiveJudgement | undefined,
): ArchiveJudgement | undefined =>
  archives.find((later) => isLater(later, { at }) && (judgement === undefined || covers(later.scope, judgement.scope)))

/**
 * Returns the time until which confirmations of later archives protect an archive from deletion, in ms since 1970.
 * Returns 0 if no later archive was confirmed.
 */
const holdOf = (holds: readonly Hold[], at: string): number =>
  holds.filter((hold) => isLater(hold, { at })).reduce((latest, { until }) => Math.max(latest, until), 0)

const holdsOf = (judgements: readonly ArchiveJudgement[], keepDays: number): Hold[] =>
  judgements.flatMap((judgement) =>
    judgement.state === 'confirmed'
      ? [{ at: judgement.at, until: Date.parse(judgement.decided.at) + keepDays * DAY_MS }]
      : [],
  )

/**
 * Returns true if a judgement can be deleted. Three conditions must be true. After this pruning, its archive does not
 * exist. A newer good archive of the same or a wider scope exists, so no later archive is compared with this judgement.
 * If the archive was confirmed, the confirmation no longer protects earlier archives.
 */
const isObsolete = (candidates: PruneCandidates, kept: ReadonlySet<string>, judgement: ArchiveJudgement): boolean =>
  !kept.has(judgement.key) &&
  newerOf(candidates.successors, judgement.at, judgement) !== undefined &&
  holdsOf([judgement], candidates.schedule.keep_days).every(({ until }) => until <= candidates.now.getTime())

const isLater = (a: { readonly at: string }, b: { readonly at: string }): boolean => Date.parse(a.at) > Date.parse(b.at)

const isoTime = (ms: number): string => new Date(ms).toISOString()
