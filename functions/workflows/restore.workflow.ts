import { type Arn, type Definition, failing, JOB_ID, mapOver, task } from './states.ts'

export const RESTORE_STAGES = [
  'convert',
  'inspect',
  'preflight',
  'plan-preflight-blobs',
  'preflight-blobs',
  'decide',
  'apply-blobs',
  'plan-apply-records',
  'apply-records',
  'plan-verify',
  'verify',
  'report',
  'rollback',
  'plan-rollback',
  'fail-restore',
] as const
export type RestoreStage = (typeof RESTORE_STAGES)[number]

/** Three days: writes at a new table's 4,000 a second take 69 hours for 250 million resources (`scale` in the runbook). */
const TIMEOUT_SECONDS = 80 * 3600

/**
 * Functions outlive a map that has failed: a worker looks at its lease again within a minute, finds that `plan-rollback` took it
 * anew, and stops; what it sent until then arrives within half a minute. Only then is all there that must be taken back.
 */
const LAST_WRITES_SECONDS = 90

/**
 * Convert (SpecStar's stream, pass by pass; anything else is left as it is) → inspect → preflight (nothing is written) →
 * decide → blobs → records → verify → report. Input: `{ job_id }`.
 * A restore under `raise_error` that meets another writer takes back what it wrote before it fails.
 */
export const restoreWorkflow = (arn: Arn<RestoreStage>): Definition => ({
  Comment: 'Restores an archive and proves it',
  StartAt: 'FirstPass',
  TimeoutSeconds: TIMEOUT_SECONDS,
  States: {
    FirstPass: { Type: 'Pass', Parameters: { 'job_id.$': '$.job_id', n: 0, pass: 0 }, Next: 'Convert' },
    Convert: task(arn('convert'), 'Converted'),
    Converted: {
      Type: 'Choice',
      Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'Convert' }],
      Default: 'Inspect',
    },
    Inspect: task(arn('inspect'), 'Preflight', JOB_ID),
    ...mapOver('Preflight', arn('preflight'), 'PlanPreflightBlobs'),
    PlanPreflightBlobs: task(arn('plan-preflight-blobs'), 'PreflightBlobs', JOB_ID),
    ...mapOver('PreflightBlobs', arn('preflight-blobs'), 'Decide'),
    Decide: task(arn('decide'), 'Decided', JOB_ID),
    Decided: {
      Type: 'Choice',
      Choices: [{ Variable: '$.write', BooleanEquals: true, Next: 'Blobs' }],
      Default: 'Report',
    },
    ...mapOver('Blobs', arn('apply-blobs'), 'PlanRecords'),
    PlanRecords: task(arn('plan-apply-records'), 'Records', JOB_ID),
    ...mapOver('Records', arn('apply-records'), 'PlanVerify', 'PlanRollback'),
    PlanVerify: task(arn('plan-verify'), 'Verify', JOB_ID),
    ...mapOver('Verify', arn('verify'), 'Report'),
    Report: task(arn('report'), 'Restored', JOB_ID),
    Restored: { Type: 'Succeed' },
    PlanRollback: task(arn('plan-rollback'), 'RollbackNeeded', { 'job_id.$': '$.job_id', 'error.$': '$.error' }),
    RollbackNeeded: {
      Type: 'Choice',
      Choices: [{ Variable: '$.count', NumericEquals: 0, Next: 'Fail' }],
      Default: 'LastWrites',
    },
    LastWrites: { Type: 'Wait', Seconds: LAST_WRITES_SECONDS, Next: 'Rollback' },
    ...mapOver('Rollback', arn('rollback'), 'Fail'),
    ...failing(arn('fail-restore')),
  },
})
