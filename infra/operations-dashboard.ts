import { AlarmStatusWidget, Dashboard, GraphWidget, type IAlarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Aws, Duration } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { METRIC } from '../shared/telemetry/metric-names.ts'
import { jobMetric } from './alarms.ts'

interface OperationsDashboardProps {
  readonly deployment: string
  /** Names of the DynamoDB tables, by the titles of their graphs. */
  readonly tables: Readonly<Record<string, string>>
  readonly workflows: readonly IStateMachine[]
  readonly alarms: readonly IAlarm[]
}

/** Half of the width of a CloudWatch dashboard, which has 24 columns. */
const WIDTH = 12

/**
 * A dashboard with the alarms, the results of jobs, the consumed capacity of the tables, the executions and throttling.
 */
export class OperationsDashboard extends Construct {
  constructor(scope: Construct, id: string, { deployment, tables, workflows, alarms }: OperationsDashboardProps) {
    super(scope, id)
    const jobs = (kind: string): GraphWidget =>
      new GraphWidget({
        title: `${kind} jobs`,
        width: WIDTH,
        left: [METRIC.succeeded, METRIC.partial, METRIC.failed, METRIC.rejected, METRIC.cancelled].map((name) =>
          jobMetric(deployment, name, kind),
        ),
      })
    const capacity = ([name, TableName]: [string, string]): GraphWidget => {
      const consumed = (metricName: string): Metric =>
        new Metric({
          namespace: 'AWS/DynamoDB',
          metricName,
          dimensionsMap: { TableName },
          statistic: Stats.SUM,
          period: Duration.minutes(1),
        })
      return new GraphWidget({
        title: `Capacity of the ${name} table per minute`,
        width: WIDTH,
        left: [consumed('ConsumedReadCapacityUnits'), consumed('ConsumedWriteCapacityUnits')],
        right: [consumed('ReadThrottleEvents'), consumed('WriteThrottleEvents')],
      })
    }
    new Dashboard(this, 'Dashboard', {
      // The names of dashboards are unique in an account, not in a region.
      dashboardName: `${deployment}-${Aws.REGION}`,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', width: 2 * WIDTH, alarms: [...alarms] })],
        [jobs('export'), jobs('restore')],
        Object.entries(tables).map(capacity),
        [
          new GraphWidget({
            title: 'Executions started and failed',
            width: WIDTH,
            left: workflows.map((workflow) => workflow.metricStarted()),
            right: workflows.map((workflow) => workflow.metricFailed()),
          }),
          new GraphWidget({
            title: 'Throttled requests of workers',
            width: WIDTH,
            left: [jobMetric(deployment, METRIC.throttledCalls)],
          }),
        ],
      ],
    })
  }
}
