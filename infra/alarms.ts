import { Aws, Duration } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  type IMetric,
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
import type { JobKind } from '../shared/jobs/workflow-engine.ts'
import { METRIC, METRICS_NAMESPACE } from '../shared/telemetry/metric-names.ts'

/** A function and its name in the tables of `functions/`. */
interface NamedFunction {
  readonly name: string
  readonly fn: IFunction
}

/**
 * How an alarm evaluates its metric: the treatment of periods without data, and the number of periods that raise it.
 */
interface Evaluation {
  readonly missing?: TreatMissingData
  readonly periods?: number
}

interface AlarmsProps {
  readonly deployment: string
  readonly api: HttpApi
  readonly functions: readonly NamedFunction[]
  /** Functions whose errors raise an alarm. Stages need no such alarm, because a failed stage raises `JobFailed`. */
  readonly watchedForErrors: readonly NamedFunction[]
  readonly deadLetters: IQueue
  readonly hasSchedules: boolean
  readonly copiesArchives: boolean
  readonly email: string | undefined
}

const FIVE_MINUTES = Duration.minutes(5)
const JOB_KINDS: readonly JobKind[] = ['export', 'restore', 'check']

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
  readonly #alarms: AlarmBase[] = []
  readonly #deployment: string
  readonly #action: SnsAction

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    const { deployment, api, functions, watchedForErrors, deadLetters, hasSchedules, copiesArchives, email } = props
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

    for (const kind of JOB_KINDS)
      this.#addAlarm(
        `JobFailed-${kind}`,
        `A job of the kind ${kind} failed`,
        jobMetric(deployment, METRIC.failed, kind),
      )
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
    // Routes answer with a response even if they fail, so the alarm on their errors does not see a response with 5xx.
    this.#addAlarm(
      'ApiErrors',
      'The API answered requests with a status 5xx',
      api.metricServerError({ period: FIVE_MINUTES, statistic: Stats.SUM }),
    )
    this.#addFunctionAlarms(
      'FunctionErrors',
      'A function crashed, timed out or failed',
      watchedForErrors,
      'metricErrors',
    )
    this.#addFunctionAlarms('FunctionThrottles', 'Lambda rejected calls of a function', functions, 'metricThrottles')
    if (copiesArchives)
      this.#addAlarm(
        'ScheduleCopyFailed',
        'A scheduled archive was not copied, its copy is not valid, or the copying function failed',
        jobMetric(deployment, METRIC.scheduleCopyFailed, undefined, Duration.hours(1)),
        // The function publishes this metric every hour, with the value 0 if all archives have valid copies.
        { missing: TreatMissingData.BREACHING, periods: 2 },
      )
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

  /** The alarms that notify the topic. */
  get alarms(): readonly IAlarm[] {
    return this.#alarms
  }

  /**
   * Adds an alarm for each function, and an alarm with the given name that notifies the topic if at least one of them
   * is raised.
   *
   * An expression that adds the metrics of several functions would need fewer alarms at the same price. But Lambda
   * publishes no metric of a function before its first call, and CloudWatch does not document that `FILL` supplies
   * values for a metric that was never published. Without a value, the errors of all other functions would be lost.
   */
  #addFunctionAlarms(
    name: string,
    meaning: string,
    functions: readonly NamedFunction[],
    metric: 'metricErrors' | 'metricThrottles',
  ): void {
    const alarms = functions.map((fn) =>
      this.#createAlarm(`${name}-${fn.name}`, meaning, fn.fn[metric]({ period: FIVE_MINUTES, statistic: Stats.SUM })),
    )
    this.#notify(
      new CompositeAlarm(this, name, {
        compositeAlarmName: `${this.#deployment}-${name}`,
        alarmDescription: descriptionOf(name, meaning),
        alarmRule: AlarmRule.anyOf(...alarms),
      }),
    )
  }

  /** Adds an alarm that notifies the topic if the metric is greater than 0. */
  #addAlarm(name: string, meaning: string, metric: IMetric, evaluation: Evaluation = {}): void {
    this.#notify(this.#createAlarm(name, meaning, metric, evaluation))
  }

  /** Creates an alarm that is raised if the metric is greater than 0. The alarm notifies nobody. */
  #createAlarm(
    name: string,
    meaning: string,
    metric: IMetric,
    { missing = TreatMissingData.NOT_BREACHING, periods = 1 }: Evaluation = {},
  ): Alarm {
    return new Alarm(this, name, {
      alarmName: `${this.#deployment}-${name}`,
      alarmDescription: descriptionOf(name, meaning),
      metric,
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: missing,
    })
  }

  #notify(alarm: AlarmBase): void {
    alarm.addAlarmAction(this.#action)
    alarm.addOkAction(this.#action)
    this.#alarms.push(alarm)
  }
}

/** The heading in the runbook is the name of the alarm up to its first hyphen. */
const descriptionOf = (name: string, meaning: string): string =>
  `${meaning}. See ${name.replace(/-.*$/, '')} in infra/RUNBOOK.md.`
