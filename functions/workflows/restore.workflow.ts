import type { RestoreStage } from '../stages.ts'
import { type Arn, type Definition, JOB_ID, stateBuilders } from './states.ts'

/** More than three days: a new table accepts 4,000 writes a second, at which 250 million resources take 69 hours. */
const TIMEOUT_SECONDS = 80 * 3600

/**
 * Functions keep running after their map has failed. A worker reads its lease at least once a minute and stops when
 * `plan-rollback` has taken the lease over; a request that it has sent by then is executed within half a minute.
 * After that, everything that the rollback must remove is in the store.
 */
const LAST_WRITES_SECONDS = 90

/**
 * Convert (passes over a SpecStar stream; other archives are left as they are) → inspect → preflight, which writes
 * nothing → decide → apply blobs → apply records → verify → report. Input: `{ job_id }`. If another writer interferes
 * with a restore under `raise_error`, the restore rolls back what it wrote and fails.
 */
export const restoreWorkflow = (arn: Arn<RestoreStage>): Definition => {
  const { task, map, fail } = stateBuilders(arn, 'fail-restore')
  return {
    Comment: 'Restores an archive and verifies the result',
    StartAt: 'FirstConvertPass',
    TimeoutSeconds: TIMEOUT_SECONDS,
    States: {
      FirstConvertPass: { Type: 'Pass', Parameters: { 'job_id.$': '$.job_id', n: 0, pass: 0 }, Next: 'Convert' },
      ...task('convert', { next: 'MoreToConvert' }),
      MoreToConvert: {
        Type: 'Choice',
        Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'Convert' }],
        Default: 'Inspect',
      },
      ...task('inspect', { next: 'Preflight', parameters: JOB_ID }),
      ...map('preflight', { next: 'PlanPreflightBlobs' }),
      ...task('plan-preflight-blobs', { next: 'PreflightBlobs', parameters: JOB_ID }),
      ...map('preflight-blobs', { next: 'Decide' }),
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
