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

export interface AlarmsProps {
  readonly deployment: string
  readonly functions: readonly IFunction[]
  /** Those whose errors nobody else tells: a stage's end in a job that failed, as do refusals that are a caller's doing. */
  readonly watched: readonly IFunction[]
  readonly deadLetters: IQueue
  readonly hasSchedules: boolean
  readonly email: string | undefined
}

const FIVE_MINUTES = Duration.minutes(5)
/** An alarm's expression takes ten metrics. */
const METRICS_AT_ONCE = 10

/** A metric that the functions count. */
export const jobMetric = (deployment: string, metricName: string, kind?: string, period = FIVE_MINUTES): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: deployment, ...(kind === undefined ? {} : { kind }) },
    statistic: Stats.SUM,
    period,
  })

/** What somebody must know. Every alarm has a heading of its name in `RUNBOOK.md`. */
export class Alarms extends Construct {
  readonly topic: Topic
  readonly #alarms: Alarm[] = []
  readonly #deployment: string
  readonly #action: SnsAction

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    const { deployment, functions, watched, deadLetters, hasSchedules, email } = props
    this.#deployment = deployment
    this.topic = new Topic(this, 'Topic', { displayName: `SpecStar Backup ${deployment}`, enforceSSL: true })
    // A policy that asks for TLS stands in place of the one that lets the account publish.
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
    this.#alarm('JobFailed', 'A job failed', sumOf(failed))
    this.#alarm('VerificationFailed', 'A restore was not proved', jobMetric(deployment, METRIC.verificationFailed))
    this.#alarm(
      'DeadLetters',
      'An event was given up',
      deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: Stats.MAXIMUM }),
    )
    const sum = (group: readonly IFunction[], of: 'metricErrors' | 'metricThrottles'): IMetric =>
      sumOf(group.map((own) => own[of]({ period: FIVE_MINUTES, statistic: Stats.SUM })))
    for (const [k, group] of groupsOf(watched).entries())
      this.#alarm(`FunctionErrors${k + 1}`, 'A function failed', sum(group, 'metricErrors'))
    for (const [k, group] of groupsOf(functions).entries())
      this.#alarm(`FunctionThrottles${k + 1}`, 'A function was throttled', sum(group, 'metricThrottles'))
    if (hasSchedules)
      this.#alarm(
        'ScheduleOverdue',
        'A schedule has no good archive in its time',
        jobMetric(deployment, METRIC.scheduleOverdue, undefined, Duration.hours(1)),
        // It is counted every hour, also where nothing is overdue: silence is a failure.
        { missing: TreatMissingData.BREACHING, periods: 2 },
      )
  }

  get alarms(): readonly Alarm[] {
    return this.#alarms
  }

  #alarm(
    name: string,
    what: string,
    metric: IMetric,
    { missing = TreatMissingData.NOT_BREACHING, periods = 1 } = {},
  ): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${this.#deployment}-${name}`,
      alarmDescription: `${what}. RUNBOOK.md: ${name.replace(/\d+$/, '')}`,
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
  Array.from({ length: Math.ceil(all.length / METRICS_AT_ONCE) }, (_, k) =>
    all.slice(k * METRICS_AT_ONCE, (k + 1) * METRICS_AT_ONCE),
  )

const sumOf = (metrics: readonly IMetric[]): MathExpression => {
  const named = Object.fromEntries(metrics.map((metric, k) => [`m${k}`, metric]))
  return new MathExpression({
    // What counted nothing has no data at all.
    expression: Object.keys(named)
      .map((name) => `FILL(${name}, 0)`)
      .join(' + '),
    usingMetrics: named,
    period: FIVE_MINUTES,
  })
}
