import { type FunctionSpec, SIZES } from './function-spec.ts'
import {
  ABORT_EXPORT,
  combine,
  END_JOB,
  JUDGE_ARCHIVES,
  END_RESTORE,
  SCHEDULED_KEYS,
  START_JOB,
  WRITE_UPLOAD_REPORT,
} from './permissions.ts'

/** The event or schedule that invokes a Lambda function. */
type Trigger = RuleTrigger | ScheduleTrigger | RateTrigger

/** An EventBridge rule passes every matching event to the function. */
interface RuleTrigger {
  readonly type: 'rule'
  /** Id of the rule in the CDK app. If the id changes, the next deployment replaces the rule. */
  readonly id: string
  readonly description: string
  readonly pattern: (deployment: DeployedNames) => EventPattern
}

/** The function runs at the times of each schedule in the settings. Its event is `{ schedule, at }`. */
interface ScheduleTrigger {
  readonly type: 'schedule'
}

/**
 * The function runs every `hours` hours. It must not depend on the event. The schedule is created only if
 * `isNeeded` returns true for the settings.
 */
interface RateTrigger {
  readonly type: 'rate'
  /** At most 24, because EventBridge Scheduler retries an event for this number of hours, and accepts at most 24. */
  readonly hours: number
  readonly isNeeded: (settings: RateNumbers) => boolean
}

/** Numbers from the settings. `isNeeded` decides by them whether a function must run. */
export interface RateNumbers {
  readonly schedules: number
  /** The number of groups for which the setting `retention` contains a number of days. */
  readonly retention: number
  /** The number of buckets to which archives are copied. */
  readonly copies: number
}

/** Names and ARNs of deployed resources. In the CDK app, they are tokens, which CloudFormation resolves. */
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
}

/**
 * All functions that an event or a schedule starts. The CDK app and the local program create the rules and schedules
 * from this table.
 */
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
      restores: [{ actions: ['GetObject', 'GetObjectVersion', 'ListBucket'], keys: ['*'] }, ...WRITE_UPLOAD_REPORT],
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
      // If an execution is aborted or times out, Step Functions runs no `Catch`, so no stage ends the job.
      // An execution can also fail in the stage that ends the job.
      pattern: ({ stateMachineArns }) => ({
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [...stateMachineArns], status: ['ABORTED', 'TIMED_OUT', 'FAILED'] },
      }),
    },
    permissions: combine(ABORT_EXPORT, END_RESTORE, {
      // A failed job is added to the list of failed jobs. `Query` reads whether a rollback has ended.
      jobs: [...END_JOB, 'PutItem', 'Query'],
      publishesEvents: true,
    }),
  },
  {
    name: 'prune',
    file: 'events/prune.ts',
    size: SIZES.housekeeping,
    trigger: { type: 'rate', hours: 24, isNeeded: ({ schedules, retention }) => schedules > 0 || retention > 0 },
    readsSchedules: true,
    permissions: {
      // Deleted archives are removed from the catalogue.
      jobs: [...JUDGE_ARCHIVES, 'BatchGetItem', 'DeleteItem'],
      archives: [{ actions: ['GetObject', 'GetObjectRetention', 'DeleteObject', 'ListBucket'], keys: SCHEDULED_KEYS }],
      expiredObjects: 'delete',
    },
  },
  {
    name: 'check-schedules',
    file: 'events/check-schedules.ts',
    size: SIZES.housekeeping,
    trigger: { type: 'rate', hours: 1, isNeeded: ({ schedules }) => schedules > 0 },
    readsSchedules: true,
    permissions: {
      jobs: [...JUDGE_ARCHIVES, 'GetItem'],
      archives: [{ actions: ['GetObject', 'ListBucket'], keys: SCHEDULED_KEYS }],
    },
  },
  {
    name: 'copy-archives',
    file: 'events/copy-archives.ts',
    size: SIZES.housekeeping,
    trigger: { type: 'rate', hours: 1, isNeeded: ({ schedules, copies }) => schedules > 0 && copies > 0 },
    readsSchedules: true,
    permissions: {
      // The states of the copies are stored in the job table.
      jobs: ['Query', 'PutItem', 'DeleteItem'],
      archives: [{ actions: ['GetObject', 'ListBucket'], keys: SCHEDULED_KEYS }],
      copiesArchives: true,
    },
  },
]
