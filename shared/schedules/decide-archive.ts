import type { JobStore } from '../jobs/aws/job-store.ts'
import { JobStateError, UnknownJobError } from '../jobs/errors.ts'
import { type ArchiveDecision, hasEnded, type Job } from '../jobs/job.ts'
import { type ArchiveRecord, resourcesIn } from './archive-record.ts'
import type { ArchiveRecords } from './aws/archive-records.ts'
import { ConfirmationMismatchError } from './errors.ts'
import { findSchedule } from './find-schedule.ts'
import { markOf } from './judge-scheduled-archive.ts'
import { judgedArchives, type JudgedArchiveStores } from './judged-archives.ts'
import { DAY_MS } from './prune-plan.ts'
import type { Schedule } from './schedule.ts'

/** The stores and settings that a decision about a suspicious archive needs. */
interface DecisionStores extends JudgedArchiveStores {
  readonly jobs: Pick<JobStore, 'get' | 'change'>
  readonly archiveRecords: JudgedArchiveStores['archiveRecords'] & Pick<ArchiveRecords, 'decide'>
  readonly config: JudgedArchiveStores['config'] & { readonly schedules: readonly Schedule[] }
  readonly clock: () => Date
}

/** A decision about the suspicious archive of a job. */
export interface DecisionRequest {
  readonly schedule: string
  readonly job_id: string
  /** The number of resources in the archive, as stated by the caller. It must be correct. */
  readonly resources: number
  readonly decision: ArchiveDecision['decision']
}

/** The archive after the decision. */
interface DecidedArchive extends ArchiveDecision {
  readonly schedule: string
  readonly job_id: string
  /** The key of the archive in the archive bucket. */
  readonly key: string
  readonly resources: number
  /** Present only for a confirmed archive. Earlier archives of the schedule are not deleted before this time. */
  readonly earlier_archives_kept_until?: string
}

/**
 * Confirms or rejects a suspicious archive, and returns the decision with its caller and time. If the same decision was
 * made before, returns the earlier decision. Throws:
 *
 * - `UnknownScheduleError` if the schedule does not exist.
 * - `UnknownJobError` if the job does not exist or belongs to another schedule.
 * - `JobStateError` if the job is running or has no archive, if the archive is not suspicious, or if the opposite
 *   decision was made before.
 * - `ConfirmationMismatchError` if the number of resources in the request is wrong.
 */
export const decideArchive = async (
  stores: DecisionStores,
  request: DecisionRequest,
  by: string,
): Promise<DecidedArchive> => {
  const schedule = findSchedule(stores.config.schedules, request.schedule)
  const job = await stores.jobs.get(request.job_id)
  const record = await findRecord(stores, schedule, request.job_id, job)
  // A running job writes its result when it ends. This would overwrite the decision that `markJob` adds to the result.
  if (job !== undefined && !hasEnded(job))
    throw new JobStateError(job.job_id, job.status, `is ${job.status}; repeat the request when the job has ended`)
  const actual = resourcesIn(record)
  if (record.findings.length === 0) throw notSuspicious(record)
  if (request.resources !== actual) throw new ConfirmationMismatchError(request.job_id, request.resources, actual)
  const decided = await storeDecision(stores, schedule.name, record, request.decision, by)
  await markJob(stores, job, decided)
  return view(schedule, decided)
}

/**
 * Returns the judgement of a job's archive. If the archive has no judgement yet, judges it. Throws `UnknownJobError` if
 * the job is not a job of this schedule, and `JobStateError` if the job has no archive.
 */
const findRecord = async (
  stores: DecisionStores,
  schedule: Schedule,
  jobId: string,
  job: Job | undefined,
): Promise<ArchiveRecord> => {
  const isOfJob = ({ job_id }: ArchiveRecord): boolean => job_id === jobId
  const known = (await stores.archiveRecords.list(schedule.name)).find(isOfJob)
  if (known !== undefined) return known
  const { records } = await judgedArchives(stores, schedule, { keep: true })
  const judged = records.find(isOfJob)
  if (judged !== undefined) return judged
  if (job?.kind !== 'export' || job.request.schedule?.name !== schedule.name) throw new UnknownJobError(jobId)
  throw new JobStateError(jobId, job.status, `is ${job.status} and has no archive to confirm or reject`)
}

const notSuspicious = ({ job_id, state }: ArchiveRecord): JobStateError =>
  new JobStateError(
    job_id,
    state === 'incomplete' ? 'partial' : 'succeeded',
    `has an archive that is not suspicious but ${state}; only suspicious archives can be confirmed or rejected`,
  )

/**
 * Stores the decision, unless a decision is stored already. Returns the record with the stored decision. Throws
 * `JobStateError` if the stored decision is the opposite decision.
 */
const storeDecision = async (
  { archiveRecords, clock }: Pick<DecisionStores, 'archiveRecords' | 'clock'>,
  schedule: string,
  record: ArchiveRecord,
  decision: ArchiveDecision['decision'],
  by: string,
): Promise<ArchiveRecord> => {
  const own = { state: decision, decided: { by, at: clock().toISOString() } }
  if (record.state === 'suspicious' && (await archiveRecords.decide(schedule, record, own)))
    return { ...record, ...own }
  const stored = (await archiveRecords.list(schedule)).find(({ key }) => key === record.key) ?? record
  if (stored.state === decision) return stored
  const { by: decidedBy = 'a caller', at = 'an unknown time' } = stored.decided ?? {}
  throw new JobStateError(
    record.job_id,
    'succeeded',
    `has an archive that ${decidedBy} ${stored.state} at ${at}; a decision cannot be changed`,
  )
}

/** Adds the decision to the result of the job, if the job still exists. */
const markJob = async (
  { jobs }: Pick<DecisionStores, 'jobs'>,
  job: Job | undefined,
  record: ArchiveRecord,
): Promise<void> => {
  if (job?.kind !== 'export' || job.result === undefined) return
  await jobs.change(job.job_id, { result: { ...job.result, suspicious: markOf(record) } }, { from: [job.status] })
}

const view = ({ name, keep_days }: Schedule, record: ArchiveRecord): DecidedArchive => {
  const { job_id, key } = record
  const { resources, decision } = markOf(record)
  if (decision === undefined) throw new Error(`archive ${key} has no decision`)
  return {
    schedule: name,
    job_id,
    key,
    resources,
    ...decision,
    ...(decision.decision === 'confirmed'
      ? { earlier_archives_kept_until: new Date(Date.parse(decision.at) + keep_days * DAY_MS).toISOString() }
      : {}),
  }
}
