import { Aws, Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { METRIC, METRICS_NAMESPACE } from '../shared/telemetry/telemetry.ts'

interface AlarmsProps {
  readonly deployment: string
  readonly functions: readonly IFunction[]
  /** Functions whose errors raise an alarm. Stages need no such alarm, because a failed stage raises `JobFailed`. */
  readonly watchedForErrors: readonly IFunction[]
  readonly deadLetters: IQueue
  readonly hasSchedules: boolean
  readonly email: string | undefined
}

const FIVE_MINUTES = Duration.minutes(5)
/** CloudWatch accepts at most ten metrics in the expression of an alarm. */
const METRICS_PER_ALARM = 10

/** Returns the sum of a metric that the functions publish, for all jobs or for one kind of job. */
export const jobMetric = (deployment: string, metricName: string, kind?: string, period = FIVE_MINUTES): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: deployment, ...(kind === undefined ? {} : { kind }) },
    statistic: Stats.SUM,
    period,
  })

/** Alarms that notify an operator. `RUNBOOK.md` has a heading for each alarm. */
export class Alarms extends Construct {
  readonly topic: Topic
  readonly #alarms: Alarm[] = []
  readonly #deployment: string
  readonly #action: SnsAction

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    const { deployment, functions, watchedForErrors, deadLetters, hasSchedules, email } = props
    this.#deployment = deployment
    this.topic = new Topic(this, 'Topic', { displayName: `SpecStar Backup ${deployment}`, enforceSSL: true })
    // `enforceSSL` creates a topic policy, which replaces the default policy of SNS. Only the default policy would
    // allow CloudWatch to publish, so this statement allows it.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    )
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email))
    this.#action = new SnsAction(this.topic)

    const failed = ['export', 'restore'].map((kind) => jobMetric(deployment, METRIC.failed, kind))
    this.#addAlarm('JobFailed', 'An export or a restore failed', sumOf(failed))
    this.#addAlarm(
      'VerificationFailed',
      'Restored data differs from its archive',
      jobMetric(deployment, METRIC.verificationFailed),
    )
    this.#addAlarm(
      'DeadLetters',
      'An upload, a schedule or another event could not be handled',
      deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: Stats.MAXIMUM }),
    )
    this.#addFunctionAlarms(
      'FunctionErrors',
      'A function crashed, timed out or failed',
      watchedForErrors,
      'metricErrors',
    )
    this.#addFunctionAlarms('FunctionThrottles', 'Lambda rejected calls of a function', functions, 'metricThrottles')
    if (hasSchedules) {
      this.#addAlarm(
        'ScheduleIncomplete',
        'A scheduled export ended as partial',
        jobMetric(deployment, METRIC.scheduleIncomplete),
      )
      this.#addAlarm(
        'ScheduleSuspicious',
        'A scheduled archive contains much less than an earlier one',
        jobMetric(deployment, METRIC.scheduleSuspicious),
      )
      this.#addAlarm(
        'ScheduleOverdue',
        'A schedule has no good archive, or the check of the schedules failed',
        jobMetric(deployment, METRIC.scheduleOverdue, undefined, Duration.hours(1)),
        // The function publishes this metric every hour, with the value 0 if nothing is overdue. Without data, the
        // check itself has failed.
        { missing: TreatMissingData.BREACHING, periods: 2 },
      )
    }
  }

  get alarms(): readonly Alarm[] {
    return this.#alarms
  }

  /** Adds numbered alarms on the sum of a metric. Each alarm is for at most ten functions. */
  #addFunctionAlarms(
    name: string,
    meaning: string,
    functions: readonly IFunction[],
    metric: 'metricErrors' | 'metricThrottles',
  ): void {
    for (const [index, group] of groupsOf(functions).entries()) {
      const metrics = group.map((fn) => fn[metric]({ period: FIVE_MINUTES, statistic: Stats.SUM }))
      this.#addAlarm(`${name}${index + 1}`, meaning, sumOf(metrics))
    }
  }

  /** Adds an alarm that is raised when the metric is greater than 0. */
  #addAlarm(
    name: string,
    meaning: string,
    metric: IMetric,
    { missing = TreatMissingData.NOT_BREACHING, periods = 1 } = {},
  ): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${this.#deployment}-${name}`,
      alarmDescription: `${meaning}. See ${name.replace(/\d+$/, '')} in infra/RUNBOOK.md.`,
      metric,
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: missing,
    })
    alarm.addAlarmAction(this.#action)
    alarm.addOkAction(this.#action)
    this.#alarms.push(alarm)
  }
}

const groupsOf = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / METRICS_PER_ALARM) }, (_, index) =>
    all.slice(index * METRICS_PER_ALARM, (index + 1) * METRICS_PER_ALARM),
  )

const sumOf = (metrics: readonly IMetric[]): MathExpression => {
  const named = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]))
  return new MathExpression({
    // A sum with a metric that has no data points would have no value, so `FILL` replaces missing values by 0.
    expression: Object.keys(named)
      .map((name) => `FILL(${name}, 0)`)
      .join(' + '),
    usingMetrics: named,
    period: FIVE_MINUTES,
  })
}
