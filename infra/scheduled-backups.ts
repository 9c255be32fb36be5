import { Duration, Stack, TimeZone } from 'aws-cdk-lib'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import {
  ContextAttribute,
  Schedule as SchedulerSchedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler'
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { dueTimes, type Schedule } from '../shared/schedules/schedule.ts'
import { acknowledgeWildcards } from './acknowledge.ts'

interface ScheduledBackupsProps {
  readonly deployment: string
  readonly schedules: readonly Schedule[]
  /** The function that starts an export. It is called at the times of each schedule. */
  readonly start: IFunction
  readonly housekeeping: readonly Housekeeping[]
  readonly deadLetters: IQueue
}

/** A function that runs at a fixed rate. */
interface Housekeeping {
  /** Id of the function's schedule in the CDK app. */
  readonly id: string
  readonly every: Duration
  readonly handler: IFunction
}

const DAY_SECONDS = 24 * 3600
/** The smallest maximum age of an event that EventBridge Scheduler accepts. */
const MIN_EVENT_AGE_SECONDS = 60

/**
 * Creates one schedule of EventBridge Scheduler for each schedule of the settings, and one for each housekeeping
 * function. All of them are in one schedule group. If the settings contain no schedule, the group is empty.
 */
export class ScheduledBackups extends Construct {
  constructor(scope: Construct, id: string, props: ScheduledBackupsProps) {
    super(scope, id)
    const { deployment, schedules, start, housekeeping, deadLetters } = props
    const scheduleGroup = new ScheduleGroup(this, 'Group', { scheduleGroupName: deployment })
    if (housekeeping.length === 0) return
    for (const schedule of schedules)
      new SchedulerSchedule(this, `Backup-${schedule.name}`, {
        scheduleGroup,
        scheduleName: schedule.name,
        description: `Backup ${schedule.name} of ${deployment}`,
        schedule: expressionOf(schedule),
        target: new LambdaInvoke(start, {
          input: ScheduleTargetInput.fromObject({ schedule: schedule.name, at: ContextAttribute.scheduledTime }),
          deadLetterQueue: deadLetters,
          maxEventAge: Duration.seconds(maxEventAgeSeconds(schedule)),
        }),
      })
    for (const { id: task, every, handler } of housekeeping)
      new SchedulerSchedule(this, task, {
        scheduleGroup,
        description: `${task} of ${deployment}`,
        schedule: ScheduleExpression.rate(every),
        target: new LambdaInvoke(handler, { deadLetterQueue: deadLetters, maxEventAge: every }),
      })
    this.#acknowledgeRoles([start, ...housekeeping.map(({ handler }) => handler)])
  }

  /** Accepts the findings on the roles of the schedules, which CDK creates as children of the stack. */
  #acknowledgeRoles(handlers: readonly IFunction[]): void {
    for (const child of Stack.of(this).node.children) {
      const policy = child.node.tryFindChild('DefaultPolicy')
      // The stack may contain roles for schedules of others.
      if (policy === undefined || !child.node.id.startsWith('SchedulerRoleForTarget')) continue
      acknowledgeWildcards(
        policy,
        handlers.map(({ functionArn }) => `${functionArn}:*`),
        'EventBridge Scheduler may call every version of the function.',
      )
    }
  }
}

const expressionOf = ({ timing }: Schedule): ScheduleExpression =>
  'rate' in timing
    ? ScheduleExpression.expression(`rate(${timing.rate})`)
    : ScheduleExpression.expression(`cron(${timing.cron})`, TimeZone.of(timing.timezone ?? 'UTC'))

/**
 * Returns the time in seconds for which the event of a schedule is retried. It is retried until the schedule is due
 * again, but for at most a day. After that time, the next event starts an export.
 */
const maxEventAgeSeconds = (schedule: Schedule): number => {
  const times = dueTimes(schedule)
  // The start is constant, so that `cdk synth` always creates the same template.
  const first = times.next(new Date('2026-01-01T00:00:00Z'))
  const second = first === undefined ? undefined : times.next(first)
  const period = first === undefined || second === undefined ? DAY_SECONDS : (second.getTime() - first.getTime()) / 1000
  return Math.max(MIN_EVENT_AGE_SECONDS, Math.min(DAY_SECONDS, Math.floor(period)))
}
