import type { ExportStage } from '../../shared/jobs/stage-names.ts'
import { RETRY_PASSES } from './retriers.ts'
import { type Arn, type Definition, JOB_ID, type Json, stateBuilders, type WorkflowOptions } from './states.ts'

/**
 * The export of a blob of 5 TiB, the largest that is allowed, takes about two days (`infra/SCALE.md`). An execution
 * that hangs ends after three days.
 */
const TIMEOUT_SECONDS = 72 * 3600

const JOB_ID_AND_ROUND: Json = { 'job_id.$': '$.job_id', 'round.$': '$.round' }

/**
 * Returns the definition of an export: plan, export records, export blobs, compose, account for all items, announce.
 * The input of an execution is `{ job_id }`. Two pairs of stages can run in two rounds:
 *
 * - `plan-export-blobs` and `export-blobs`, if there are too many lists of references to blobs for every pass to read.
 * - `plan-compose` and `compose-parts`, if the archive has more parts than one multipart upload accepts.
 */
export const exportWorkflow = (arn: Arn<ExportStage>, options: WorkflowOptions = {}): Definition => {
  const { task, map, fail } = stateBuilders(arn, 'fail-export', options)
  return {
    Comment: 'Exports models to one archive',
    StartAt: 'PlanExport',
    TimeoutSeconds: TIMEOUT_SECONDS,
    States: {
      ...task('plan-export', { next: 'ExportRecords' }),
      ...map('export-records', { next: 'PlanExportBlobs' }),
      ...task('plan-export-blobs', { next: 'ExportBlobs', parameters: JOB_ID }),
      ...map('export-blobs', { next: 'MoreBlobRounds' }),
      MoreBlobRounds: {
        Type: 'Choice',
        Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'PlanExportBlobs' }],
        Default: 'FirstRound',
      },
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
      ...task('finish-compose', { next: 'FirstAccountPass', parameters: JOB_ID }),
      FirstAccountPass: { Type: 'Pass', Parameters: { 'job_id.$': '$.job_id', n: 0, pass: 0 }, Next: 'AccountItems' },
      // The archive is complete. It is kept even if the accounting fails, and the job is then partial.
      ...task('account-items', { next: 'MoreToAccount', onError: 'Announce', retry: RETRY_PASSES }),
      MoreToAccount: {
        Type: 'Choice',
        Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'WaitForMetadata' }],
        Default: 'Announce',
      },
      WaitForMetadata: { Type: 'Wait', SecondsPath: '$.wait_seconds', Next: 'AccountItems' },
      ...task('announce', { next: 'Succeeded', parameters: JOB_ID }),
      Succeeded: { Type: 'Succeed' },
      ...fail(),
    },
  }
}
