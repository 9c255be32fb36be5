import type { CheckStage } from '../../shared/jobs/stage-names.ts'
import { CONVERT_INLINE_PASSES } from './restore.workflow.ts'
import { type Arn, type Definition, JOB_ID, stateBuilders, type WorkflowOptions } from './states.ts'

/**
 * Hashing a blob of 5 TiB takes 41 hours. The check of a stream also copies its blobs. Any other check needs much less:
 * the records of 250 million resources take an hour.
 */
const TIMEOUT_SECONDS = 72 * 3600

/**
 * Returns the definition of a check: convert, inspect, preflight, decide, report. The stages are those of a restore,
 * and stop before the first write. The input of an execution is `{ job_id }`.
 */
export const checkWorkflow = (arn: Arn<CheckStage>, options: WorkflowOptions = {}): Definition => {
  const { task, map, fail } = stateBuilders(arn, 'fail-restore', options)
  return {
    Comment: 'Checks an archive without a restore',
    StartAt: 'PlanConvert',
    TimeoutSeconds: TIMEOUT_SECONDS,
    States: {
      PlanConvert: {
        Type: 'Pass',
        Parameters: { 'job_id.$': '$.job_id', items: [0], count: 1 },
        Next: 'Convert',
      },
      ...map('convert', { next: 'Inspect', inlinePasses: CONVERT_INLINE_PASSES }),
      ...task('inspect', { next: 'Preflight', parameters: JOB_ID }),
      ...map('preflight', { next: 'PlanPreflightBlobs' }),
      ...task('plan-preflight-blobs', { next: 'PreflightBlobs', parameters: JOB_ID }),
      ...map('preflight-blobs', { next: 'MoreBlobRounds' }),
      MoreBlobRounds: {
        Type: 'Choice',
        Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'PlanPreflightBlobs' }],
        Default: 'Decide',
      },
      ...task('decide', { next: 'Report', parameters: JOB_ID }),
      ...task('report', { next: 'Succeeded', parameters: JOB_ID }),
      Succeeded: { Type: 'Succeed' },
      ...fail(),
    },
  }
}
