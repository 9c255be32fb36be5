import * as z from 'zod'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { JobStateError, UnknownJobError } from '../jobs/errors.ts'
import { ArchiveDecision } from '../jobs/export-result.ts'
import { hasEnded, type Job } from '../jobs/job.ts'
import { DAY_MS } from '../values/durations.ts'
import { type ArchiveJudgement, type DecidedJudgement, resourcesIn } from './archive-judgement.ts'
import type { ArchiveJudgements } from './aws/archive-judgements.ts'
import { ConfirmationMismatchError } from './errors.ts'
import { findSchedule } from './find-schedule.ts'
import { decisionOf, markOf } from './judge-scheduled-archive.ts'
import { judgedArchives, type JudgedArchiveServices } from './judged-archives.ts'
import type { Schedule } from './schedule.ts'

/** The stores and settings that a decision about a suspicious archive needs. */
interface DecisionServices extends JudgedArchiveServices {
  readonly jobs: Pick<JobStore, 'get' | 'change'>
  readonly archiveJudgements: JudgedArchiveServices['archiveJudgements'] & Pick<ArchiveJudgements, 'decide'>
  readonly config: JudgedArchiveServices['config'] & { readonly schedules: readonly Schedule[] }
  readonly clock: () => Date
}

/** A decision about the suspicious archive of a job. */
export interface DecisionRequest {
  readonly schedule: string
  readonly job_id: string
  /**
   * The number of resources in the archive, according to the caller. The decision is rejected if this number is wrong.
   */
  readonly resources: number
  readonly decision: ArchiveDecision['decision']
}

/** The archive after the decision. */
export const DecidedArchive = z
  .object({
    schedule: z.string(),
    job_id: z.string(),
    key: z.string().describe('The key of the archive in the archive bucket'),
    resources: z.int(),
    ...ArchiveDecision.unwrap().shape,
    earlier_archives_kept_until: z
      .exactOptional(z.string())
      .describe('Only for a confirmed archive. Earlier archives of the schedule are not deleted before this time'),
  })
  .readonly()
  .meta({ id: 'DecidedArchive' })
type DecidedArchive = z.output<typeof DecidedArchive>

/**
 * Confirms or rejects a suspicious archive, and returns the archive with the decision. If the same decision was made
 * before, returns the earlier decision. Throws:
 *
 * - `UnknownScheduleError` if the schedule does not exist.
 * - `UnknownJobError` if the job does not exist or belongs to another schedule.
 * - `JobStateError` if the job has not ended or has no archive, if the archive is not suspicious, or if the opposite
 *   decision was made before.
 * - `ConfirmationMismatchError` if the number of resources in the request is wrong.
 */
export const decideArchive = async (
  services: DecisionServices,
  request: DecisionRequest,
  by: string,
): Promise<DecidedArchive> => {
  const schedule = findSchedule(services.config.schedules, request.schedule)
  const job = await services.jobs.get(request.job_id)
  const judgement = await findJudgement(services, schedule, request.job_id, job)
  // A running job writes its result when it ends, and would overwrite the decision that `markJob` adds to the result.
  if (job !== undefined && !hasEnded(job))
    throw new JobStateError(job.job_id, job.status, `is ${job.status}; repeat the request after the job has ended`)
  const actual = resourcesIn(judgement)
  if (judgement.findings.length === 0) throw notSuspicious(judgement)
  if (request.resources !== actual) throw new ConfirmationMismatchError(request.job_id, request.resources, actual)
  const decided = await storeDecision(services, schedule.name, judgement, request.decision, by)
  await markJob(services, job, decided)
  return view(schedule, decided)
}

/**
 * Returns the judgement of a job's archive. If the archive has not been judged yet, judges it now. Throws
 * `UnknownJobError` if the job does not belong to this schedule, and `JobStateError` if the job has no archive.
 */
const findJudgement = async (
  services: DecisionServices,
  schedule: Schedule,
  jobId: string,
  job: Job | undefined,
): Promise<ArchiveJudgement> => {
  const isOfJob = ({ job_id }: ArchiveJudgement): boolean => job_id === jobId
  const known = (await services.archiveJudgements.list(schedule.name)).find(isOfJob)
  if (known !== undefined) return known
  const { judgements } = await judgedArchives(services, schedule, { keep: true })
  const judged = judgements.find(isOfJob)
  if (judged !== undefined) return judged
  if (job?.kind !== 'export' || job.request.schedule?.name !== schedule.name)
    throw new UnknownJobError(jobId, `export of schedule ${schedule.name}`)
  throw new JobStateError(jobId, job.status, `is ${job.status} and has no archive to confirm or reject`)
}

const notSuspicious = ({ job_id, state }: ArchiveJudgement): JobStateError =>
  new JobStateError(
    job_id,
    state === 'incomplete' ? 'partial' : 'succeeded',
    `has an archive that is not suspicious but ${state}; only suspicious archives can be confirmed or rejected`,
  )

/**
 * Stores the decision, and returns the judgement with the decision. If the same decision is already stored, returns the
 * stored judgement. If the opposite decision is stored, throws `JobStateError`.
 */
const storeDecision = async (
  { archiveJudgements, clock }: Pick<DecisionServices, 'archiveJudgements' | 'clock'>,
  schedule: string,
  judgement: ArchiveJudgement,
  decision: ArchiveDecision['decision'],
  by: string,
): Promise<DecidedJudgement> => {
  const own = { state: decision, decided: { by, at: clock().toISOString() } }
  if (judgement.state === 'suspicious' && (await archiveJudgements.decide(schedule, judgement, own)))
    return { ...judgement, ...own }
  const stored = (await archiveJudgements.list(schedule)).find(({ key }) => key === judgement.key) ?? judgement
  if (stored.state === decision) return stored
  const reason =
    'decided' in stored
      ? `has an archive that ${stored.decided.by} ${stored.state} at ${stored.decided.at}; a decision cannot be changed`
      : 'has an archive whose judgement was deleted; only an existing archive can be confirmed or rejected'
  throw new JobStateError(judgement.job_id, 'succeeded', reason)
}

/** Adds the decision to the result of the job, if the job still exists. */
const markJob = async (
  { jobs }: Pick<DecisionServices, 'jobs'>,
  job: Job | undefined,
  judgement: ArchiveJudgement,
): Promise<void> => {
  if (job?.kind !== 'export' || job.result === undefined) return
  await jobs.change(job.job_id, { result: { ...job.result, suspicious: markOf(judgement) } }, { from: [job.status] })
}

const view = ({ name, keep_days }: Schedule, judgement: DecidedJudgement): DecidedArchive => {
  const { job_id, key } = judgement
  const decision = decisionOf(judgement)
  return {
    schedule: name,
    job_id,
    key,
    resources: resourcesIn(judgement),
    ...decision,
    ...(decision.decision === 'confirmed'
      ? { earlier_archives_kept_until: new Date(Date.parse(decision.at) + keep_days * DAY_MS).toISOString() }
      : {}),
  }
}
