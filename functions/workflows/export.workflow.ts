import { type Arn, type Definition, failing, JOB_ID, mapOver, task } from './states.ts'

export const EXPORT_STAGES = [
  'plan-export',
  'export-records',
  'plan-export-blobs',
  'export-blobs',
  'plan-compose',
  'compose-parts',
  'finish-compose',
  'announce',
  'fail-export',
] as const
export type ExportStage = (typeof EXPORT_STAGES)[number]

/** A day and a half: 250 million resources take hours, and an execution that hangs must still end. */
const TIMEOUT_SECONDS = 36 * 3600

/** Plan → records → blobs → compose → read back → announce. Input: `{ job_id }`. */
export const exportWorkflow = (arn: Arn<ExportStage>): Definition => ({
  Comment: 'Exports models to one archive',
  StartAt: 'Plan',
  TimeoutSeconds: TIMEOUT_SECONDS,
  States: {
    Plan: task(arn('plan-export'), 'Records'),
    ...mapOver('Records', arn('export-records'), 'PlanBlobs'),
    PlanBlobs: task(arn('plan-export-blobs'), 'Blobs', JOB_ID),
    ...mapOver('Blobs', arn('export-blobs'), 'FirstRound'),
    FirstRound: { Type: 'Pass', Parameters: { 'job_id.$': '$.job_id', round: 0 }, Next: 'PlanCompose' },
    PlanCompose: task(arn('plan-compose'), 'Copy', { 'job_id.$': '$.job_id', 'round.$': '$.round' }),
    ...mapOver('Copy', arn('compose-parts'), 'Composed'),
    Composed: {
      Type: 'Choice',
      Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'NextRound' }],
      Default: 'FinishCompose',
    },
    NextRound: {
      Type: 'Pass',
      Parameters: { 'job_id.$': '$.job_id', 'round.$': 'States.MathAdd($.round, 1)' },
      Next: 'PlanCompose',
    },
    FinishCompose: task(arn('finish-compose'), 'Announce', JOB_ID),
    Announce: task(arn('announce'), 'Exported', JOB_ID),
    Exported: { Type: 'Succeed' },
    ...failing(arn('fail-export')),
  },
})
