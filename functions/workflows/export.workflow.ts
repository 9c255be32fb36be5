import type { ExportStage } from '../stages.ts'
import { type Arn, type Definition, JOB_ID, type Json, stateBuilders } from './states.ts'

/** A day and a half: 250 million resources take hours, and an execution that hangs must still end. */
const TIMEOUT_SECONDS = 36 * 3600

const JOB_ID_AND_ROUND: Json = { 'job_id.$': '$.job_id', 'round.$': '$.round' }

/**
 * Plan → records → blobs → compose, in rounds → check the archive → announce. Input: `{ job_id }`.
 * Composing needs more than one round if there are more parts than one multipart upload accepts.
 */
export const exportWorkflow = (arn: Arn<ExportStage>): Definition => {
  const { task, map, fail } = stateBuilders(arn, 'fail-export')
  return {
    Comment: 'Exports models to one archive',
    StartAt: 'PlanExport',
    TimeoutSeconds: TIMEOUT_SECONDS,
    States: {
      ...task('plan-export', { next: 'ExportRecords' }),
      ...map('export-records', { next: 'PlanExportBlobs' }),
      ...task('plan-export-blobs', { next: 'ExportBlobs', parameters: JOB_ID }),
      ...map('export-blobs', { next: 'FirstRound' }),
      FirstRound: { Type: 'Pass', Parameters: { 'job_id.$': '$.job_id', round: 0 }, Next: 'PlanCompose' },
      ...task('plan-compose', { next: 'ComposeParts', parameters: JOB_ID_AND_ROUND }),
      ...map('compose-parts', { next: 'MoreRounds' }),
      MoreRounds: {
        Type: 'Choice',
        Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'NextRound' }],
        Default: 'FinishCompose',
      },
      NextRound: {
        Type: 'Pass',
        Parameters: { 'job_id.$': '$.job_id', 'round.$': 'States.MathAdd($.round, 1)' },
        Next: 'PlanCompose',
      },
      ...task('finish-compose', { next: 'Announce', parameters: JOB_ID }),
      ...task('announce', { next: 'Succeeded', parameters: JOB_ID }),
      Succeeded: { Type: 'Succeed' },
      ...fail(),
    },
  }
}
