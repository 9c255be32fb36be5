import type { RestoreStage } from '../../shared/jobs/stage-names.ts'
import { type Arn, type Definition, JOB_ID, stateBuilders, type WorkflowOptions } from './states.ts'

/**
 * A new DynamoDB table accepts 4,000 writes a second. At this rate, writing 250 million resources takes 69 hours.
 * An upload waits at most 12 hours for other restores. The remaining eleven hours are for the other stages.
 */
const TIMEOUT_SECONDS = 92 * 3600

/**
 * The time between `plan-rollback` and `rollback`. The workers of a map continue after the map has failed. After
 * `plan-rollback` has taken over the lease, a worker stops within 60 seconds, because it reads its lease at least once
 * a minute. DynamoDB executes the last request of a worker within another 30 seconds. After these 90 seconds, no worker
 * writes, so the rollback finds everything that the workers wrote.
 */
const LAST_WRITES_SECONDS = 90

/**
 * The number of passes that `convert` may run in the inline map. This map has one item instead of at most eight, so its
 * item may run eight times as many passes as an item of another map. A small stream needs four passes.
 */
export const CONVERT_INLINE_PASSES = 16

/**
 * Returns the definition of a restore: convert, inspect, preflight, decide, apply blobs, apply records, verify, report.
 * The input of an execution is `{ job_id }`. Nothing is written to the target before `decide` has succeeded.
 * `plan-preflight-blobs` and `preflight-blobs` run in two rounds if there are too many lists of references to blobs for
 * every pass to read. If `apply-records` fails with a `ConflictError`, the restore rolls back its own writes and fails.
 */
export const restoreWorkflow = (arn: Arn<RestoreStage>, options: WorkflowOptions = {}): Definition => {
  const { task, map, fail } = stateBuilders(arn, 'fail-restore', options)
  return {
    Comment: 'Restores an archive and verifies the result',
    StartAt: 'PlanConvert',
    TimeoutSeconds: TIMEOUT_SECONDS,
    States: {
      PlanConvert: {
        Type: 'Pass',
        Parameters: { 'job_id.$': '$.job_id', items: [0], count: 1 },
        Next: 'Convert',
      },
      ...map('convert', { next: 'Inspect', inlinePasses: CONVERT_INLINE_PASSES }),
      ...task('inspect', { next: 'LeasesTaken', parameters: JOB_ID }),
      LeasesTaken: {
        Type: 'Choice',
        Choices: [{ Variable: '$.waiting', BooleanEquals: true, Next: 'WaitForOtherRestores' }],
        Default: 'Preflight',
      },
      WaitForOtherRestores: { Type: 'Wait', SecondsPath: '$.wait_seconds', Next: 'Inspect' },
      ...map('preflight', { next: 'PlanPreflightBlobs' }),
      ...task('plan-preflight-blobs', { next: 'PreflightBlobs', parameters: JOB_ID }),
      ...map('preflight-blobs', { next: 'MoreBlobRounds' }),
      MoreBlobRounds: {
        Type: 'Choice',
        Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'PlanPreflightBlobs' }],
        Default: 'Decide',
      },
      ...task('decide', { next: 'ApplyOrReport', parameters: JOB_ID }),
      ApplyOrReport: {
        Type: 'Choice',
        Choices: [{ Variable: '$.write', BooleanEquals: true, Next: 'ApplyBlobs' }],
        Default: 'Report',
      },
      ...map('apply-blobs', { next: 'PlanApplyRecords' }),
      ...task('plan-apply-records', { next: 'ApplyRecords', parameters: JOB_ID }),
      ...map('apply-records', { next: 'PlanVerify', onConflict: 'PlanRollback' }),
      ...task('plan-verify', { next: 'Verify', parameters: JOB_ID }),
      ...map('verify', { next: 'Report' }),
      ...task('report', { next: 'Succeeded', parameters: JOB_ID }),
      Succeeded: { Type: 'Succeed' },
      ...task('plan-rollback', {
        next: 'RollbackNeeded',
        parameters: { 'job_id.$': '$.job_id', 'error.$': '$.error' },
      }),
      RollbackNeeded: {
        Type: 'Choice',
        Choices: [{ Variable: '$.count', NumericEquals: 0, Next: 'FailRestore' }],
        Default: 'WaitForLastWrites',
      },
      WaitForLastWrites: { Type: 'Wait', Seconds: LAST_WRITES_SECONDS, Next: 'Rollback' },
      ...map('rollback', { next: 'FailRestore' }),
      ...fail(),
    },
  }
}
