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
import { acknowledgeWildcards } from './acknowledge.ts'
import { dueTimes, type Schedule } from '../shared/schedules/schedule.ts'

export interface ScheduledBackupsProps {
  readonly deployment: string
  readonly schedules: readonly Schedule[]
  readonly start: IFunction
  readonly prune: IFunction
  readonly check: IFunction
  readonly deadLetters: IQueue
}

const DAY_SECONDS = 24 * 3600
/** EventBridge Scheduler's own least. */
const LEAST_SECONDS = 60

/** One schedule of EventBridge each, in a group of the deployment's own; and the daily and hourly work that belongs to them. */
export class ScheduledBackups extends Construct {
  constructor(scope: Construct, id: string, props: ScheduledBackupsProps) {
    super(scope, id)
    const { deployment, schedules, start, prune, check, deadLetters } = props
    const group = new ScheduleGroup(this, 'Group', { scheduleGroupName: deployment })
    for (const schedule of schedules)
      new SchedulerSchedule(this, `Backup-${schedule.name}`, {
        scheduleGroup: group,
        scheduleName: schedule.name,
        description: `Backup ${schedule.name} of ${deployment}`,
        schedule: expressionOf(schedule),
        target: new LambdaInvoke(start, {
          input: ScheduleTargetInput.fromObject({ schedule: schedule.name, at: ContextAttribute.scheduledTime }),
          deadLetterQueue: deadLetters,
          // Past the next time that it is due, that one makes the archive.
          maxEventAge: Duration.seconds(retrySeconds(schedule)),
        }),
      })
    if (schedules.length === 0) return
    const housekeeping = (name: string, every: Duration, own: IFunction): void => {
      new SchedulerSchedule(this, name, {
        scheduleGroup: group,
        description: `${name} of ${deployment}`,
        schedule: ScheduleExpression.rate(every),
        target: new LambdaInvoke(own, { deadLetterQueue: deadLetters, maxEventAge: every }),
      })
    }
    housekeeping('Prune', Duration.days(1), prune)
    housekeeping('CheckSchedules', Duration.hours(1), check)
    for (const child of Stack.of(this).node.children)
      if (child.node.id.startsWith('SchedulerRoleForTarget'))
        acknowledgeWildcards(
          child.node.findChild('DefaultPolicy'),
          [start, prune, check].map(({ functionArn }) => `${functionArn}:*`),
          'The scheduler calls one function, in whatever version.',
        )
  }
}

const expressionOf = ({ timing }: Schedule): ScheduleExpression =>
  'rate' in timing
    ? ScheduleExpression.expression(`rate(${timing.rate})`)
    : ScheduleExpression.expression(`cron(${timing.cron})`, TimeZone.of(timing.timezone ?? 'UTC'))

/** Until the next time that it is due, a day at most. */
const retrySeconds = (schedule: Schedule): number => {
  const times = dueTimes(schedule)
  // Counted from a time that does not move: the template is the same each time that it is made.
  const first = times.next(new Date('2026-01-01T00:00:00Z'))
  const second = first === undefined ? undefined : times.next(first)
  const period = first === undefined || second === undefined ? DAY_SECONDS : (second.getTime() - first.getTime()) / 1000
  return Math.max(LEAST_SECONDS, Math.min(DAY_SECONDS, Math.floor(period)))
}
