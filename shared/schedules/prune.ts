import pMap from 'p-map'
import type { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { attemptAll, type Attempts } from './attempt-all.ts'
import type { ArchiveJudgements } from './aws/archive-judgements.ts'
import { judgedArchives, type JudgedArchiveServices } from './judged-archives.ts'
import { lockedUntil } from './locked-until.ts'
import { planPruning, type PrunePlan } from './prune-plan.ts'
import type { Schedule } from './schedule.ts'
import { goodSuccessors } from './successors.ts'

/** The stores and settings that are needed to plan pruning. */
export interface PlanScheduleServices extends JudgedArchiveServices {
  readonly objects: JudgedArchiveServices['objects'] & Pick<ObjectStore, 'head'>
  readonly catalogue: Pick<ArchiveCatalogue, 'isDamaged'>
  readonly clock: () => Date
}

/** The stores and settings that are needed to prune archives. */
interface PruneServices extends PlanScheduleServices {
  readonly objects: PlanScheduleServices['objects'] & Pick<ObjectStore, 'delete'>
  readonly archiveJudgements: PlanScheduleServices['archiveJudgements'] & Pick<ArchiveJudgements, 'delete'>
  readonly catalogue: PlanScheduleServices['catalogue'] & Pick<ArchiveCatalogue, 'removeKeys'>
  readonly config: PlanScheduleServices['config'] & { readonly schedules: readonly Schedule[] }
}

/** The number of archives whose locks are read at the same time. */
const CHECKED_AT_ONCE = 16

interface PrunedSchedule {
  readonly schedule: string
  /** Keys of the deleted archives. */
  readonly deleted: readonly string[]
  /**
   * The job ids of the suspicious archives that stop pruning until a caller decides. Absent if no archive stops
   * pruning.
   */
  readonly stopped_by?: readonly string[]
}

/**
 * Deletes the archives for which `planSchedule` plans `delete`, for every schedule. Also removes them from the
 * catalogue. If pruning of one schedule fails, continues with the next schedule.
 */
export const pruneSchedules = (services: PruneServices): Promise<Attempts<PrunedSchedule>> =>
  attemptAll(
    services.config.schedules,
    ({ name }) => `schedule ${name}`,
    (schedule) => prune(services, schedule),
  )

/** Plans the pruning of one schedule, and deletes nothing. If `keep` is true, stores new judgements. */
export const planSchedule = async (
  services: PlanScheduleServices,
  schedule: Schedule,
  options: { readonly keep: boolean },
): Promise<PrunePlan> => {
  const judged = await judgedArchives(services, schedule, options)
  const successors = await goodSuccessors(services, judged.archives)
  const candidates = {
    ...judged,
    schedule,
    successors: successors.good,
    damaged: successors.damaged,
    changed: successors.changed,
    now: services.clock(),
  }
  const plan = planPruning({ ...candidates, locks: new Map() })
  const locks = await locksOf(services, candidates.now, plan)
  return locks.size === 0 ? plan : planPruning({ ...candidates, locks })
}

/** Returns the times until which the archives are locked that the plan deletes, by their keys. */
const locksOf = async (
  { objects, config }: PlanScheduleServices,
  now: Date,
  { archives }: PrunePlan,
): Promise<ReadonlyMap<string, string>> => {
  const locks = await pMap(
    archives.filter(({ action }) => action === 'delete'),
    async ({ key }) => {
      const until = await lockedUntil(objects, { bucket: config.buckets.archives, key }, now)
      return until === undefined ? [] : [[key, until] as const]
    },
    { concurrency: CHECKED_AT_ONCE },
  )
  return new Map(locks.flat())
}

const prune = async (services: PruneServices, schedule: Schedule): Promise<PrunedSchedule> => {
  const { objects, archiveJudgements, catalogue, config } = services
  const { archives, stopped_by, obsolete } = await planSchedule(services, schedule, { keep: true })
  const deleted = archives.flatMap(({ action, key }) => (action === 'delete' ? [key] : []))
  await objects.delete(config.buckets.archives, deleted)
  for (const judgement of obsolete) await archiveJudgements.delete(schedule.name, judgement)
  await catalogue.removeKeys(deleted)
  return {
    schedule: schedule.name,
    deleted,
    ...(stopped_by.length === 0 ? {} : { stopped_by: stopped_by.map(({ job_id }) => job_id) }),
  }
}
