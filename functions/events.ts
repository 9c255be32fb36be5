import { type FunctionSpec, SIZES } from './function-spec.ts'
import {
  ABORT_EXPORT,
  combine,
  END_JOB,
  REPORT_FAILURE,
  RUN_PASS,
  SCHEDULED_KEYS,
  START_JOB,
  WRITE_UPLOAD_REPORT,
} from './permissions.ts'

/** What starts the function of an event. */
export type Trigger = RuleTrigger | ScheduleTrigger | RateTrigger

/** An EventBridge rule passes every matching event to the function. */
interface RuleTrigger {
  readonly type: 'rule'
  /** Id of the rule in the CDK app. Another id replaces the rule. */
  readonly id: string
  readonly description: string
  readonly pattern: (deployment: DeployedNames) => EventPattern
}

/** Runs at the times of each schedule of the settings, with `{ schedule, at }` as its event. */
interface ScheduleTrigger {
  readonly type: 'schedule'
}

/** Runs every so many hours, provided that the settings have a schedule. */
interface RateTrigger {
  readonly type: 'rate'
  readonly hours: number
}

/** Names that are known when the CDK app runs. */
export interface DeployedNames {
  readonly restoreBucket: string
  readonly stateMachineArns: readonly string[]
}

/** An event pattern of EventBridge. */
export interface EventPattern {
  readonly source: string[]
  readonly detailType: string[]
  readonly detail: Readonly<Record<string, unknown>>
}

export interface EventSpec extends FunctionSpec {
  readonly trigger: Trigger
  /** The environment variable `SCHEDULES` holds the schedules of the settings. */
  readonly readsSchedules?: true
}

/** All functions that an event or a schedule starts. The CDK app creates the rules and schedules from this table. */
export const EVENTS: readonly EventSpec[] = [
  {
    name: 'upload',
    file: 'events/upload.ts',
    size: SIZES.event,
    trigger: {
      type: 'rule',
      id: 'Uploads',
      description: 'An archive was uploaded to the restore bucket',
      pattern: ({ restoreBucket }) => ({
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [restoreBucket] }, object: { key: [{ suffix: '.acbak' }] } },
      }),
    },
    permissions: {
      jobs: [...START_JOB, 'UpdateItem'],
      startsWorkflows: ['restore'],
      restores: [{ actions: ['GetObject', 'GetObjectVersion', 'ListBucket'], keys: ['*'] }, WRITE_UPLOAD_REPORT],
    },
  },
  {
    name: 'start-scheduled',
    file: 'events/start-scheduled.ts',
    size: SIZES.event,
    trigger: { type: 'schedule' },
    readsSchedules: true,
    permissions: { jobs: START_JOB, startsWorkflows: ['export'] },
  },
  {
    name: 'end-stopped',
    file: 'events/end-stopped.ts',
    size: SIZES.event,
    trigger: {
      type: 'rule',
      id: 'StoppedJobs',
      description: 'An execution of a workflow was aborted, timed out or failed',
      // An aborted or timed out execution runs none of its catchers. A failed one may have failed in its last stage.
      pattern: ({ stateMachineArns }) => ({
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [...stateMachineArns], status: ['ABORTED', 'TIMED_OUT', 'FAILED'] },
      }),
    },
    permissions: combine(ABORT_EXPORT, REPORT_FAILURE, { jobs: END_JOB, publishesEvents: true }),
  },
  {
    name: 'prune',
    file: 'events/prune.ts',
    size: SIZES.housekeeping,
    trigger: { type: 'rate', hours: 24 },
    readsSchedules: true,
    permissions: { archives: [{ actions: ['GetObject', 'DeleteObject', 'ListBucket'], keys: SCHEDULED_KEYS }] },
  },
  {
    name: 'check-schedules',
    file: 'events/check-schedules.ts',
    size: SIZES.housekeeping,
    trigger: { type: 'rate', hours: 1 },
    readsSchedules: true,
    permissions: { jobs: RUN_PASS, archives: [{ actions: ['GetObject', 'ListBucket'], keys: SCHEDULED_KEYS }] },
  },
]
