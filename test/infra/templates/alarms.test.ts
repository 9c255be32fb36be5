import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { EVENTS } from '../../../functions/events.ts'
import { FUNCTIONS } from '../../../infra/functions.ts'
import { resourcesOf, synthesizer } from './synthesizer.ts'
import type { Resource } from '../deployed/template.ts'

const deployment = await synthesizer()()
const inService = (type: string): Resource[] => resourcesOf(deployment.service, type).map(([, resource]) => resource)

describe('alarms', () => {
  const nameOf = ({ AlarmName }: Resource['Properties']): string => String(AlarmName).replace('specstar-', '')

  it('notify a topic, and each has a heading in the runbook', async () => {
    const runbook = await readFile(new URL('../../../infra/RUNBOOK.md', import.meta.url), 'utf8')
    const alarms = [...inService('AWS::CloudWatch::Alarm'), ...inService('AWS::CloudWatch::CompositeAlarm')].map(
      ({ Properties }) => Properties,
    )
    const notifying = alarms.filter(({ AlarmActions }) => AlarmActions !== undefined)
    expect(notifying.map(nameOf).sort()).toEqual([
      'ApiErrors',
      'DeadLetters',
      'FunctionErrors',
      'FunctionThrottles',
      'JobFailed-check',
      'JobFailed-export',
      'JobFailed-restore',
      'ScheduleIncomplete',
      'ScheduleOverdue',
      'ScheduleSuspicious',
      'VerificationFailed',
    ])
    for (const { AlarmActions, OKActions } of notifying)
      expect([AlarmActions, OKActions].map((actions) => (actions as readonly unknown[]).length)).toEqual([1, 1])
    for (const alarm of alarms) {
      const [heading] = nameOf(alarm).split('-')
      expect(runbook).toContain(`\n### ${heading}\n`)
      expect(alarm['AlarmDescription']).toContain(`See ${heading} in infra/RUNBOOK.md.`)
    }
  })

  it('are each on one metric: an expression would have no value if a metric was never published', () => {
    for (const { Properties } of inService('AWS::CloudWatch::Alarm')) {
      expect(Properties['MetricName']).toEqual(expect.any(String))
      expect(Properties['Metrics']).toBeUndefined()
    }
  })

  it('are raised by any 5xx of the API, and by no 4xx', () => {
    const [[api] = expect.fail()] = resourcesOf(deployment.service, 'AWS::ApiGatewayV2::Api')
    const alarms = inService('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties)
    expect(alarms.filter(({ Namespace }) => Namespace === 'AWS/ApiGateway')).toEqual([
      expect.objectContaining({
        AlarmName: 'specstar-ApiErrors',
        MetricName: '5xx',
        Dimensions: [{ Name: 'ApiId', Value: { Ref: api } }],
        Statistic: 'Sum',
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      }),
    ])
  })

  it('of events that could not be handled: the runbook says what each event is and how to repeat it', async () => {
    const runbook = await readFile(new URL('../../../infra/RUNBOOK.md', import.meta.url), 'utf8')
    const [meaning = '', action = ''] = (runbook.split('\n### DeadLetters\n')[1] ?? '')
      .split('\n### ', 1)
      .flatMap((section) => section.split('**What to do.**'))
    for (const { name } of EVENTS) {
      expect(meaning).toContain(`\`${name}\``)
      expect(action).toContain(`\`${name}\``)
    }
  })

  it('watch the throttles of all functions, and the errors of those that are not stages', () => {
    const alarms = JSON.stringify(inService('AWS::CloudWatch::Alarm'))
    const composites = JSON.stringify(inService('AWS::CloudWatch::CompositeAlarm'))
    for (const [id, { Properties }] of resourcesOf(deployment.service, 'AWS::CloudWatch::Alarm'))
      expect(composites.split(`"${id}"`)).toHaveLength(Properties['AlarmActions'] === undefined ? 2 : 1)
    const stages = FUNCTIONS.filter(({ kind }) => kind === 'export' || kind === 'restore').map(({ name }) => name)
    for (const [id, { Properties }] of resourcesOf(deployment.service, 'AWS::Lambda::Function')) {
      const isStage = stages.some((name) => Properties['FunctionName'] === `specstar-${name}`)
      expect(alarms.split(`{"Ref":"${id}"}`)).toHaveLength(isStage ? 2 : 3)
    }
  })

  it('may publish to their topic, which accepts only TLS', () => {
    const [policy] = inService('AWS::SNS::TopicPolicy')
    const { Statement } = policy?.Properties['PolicyDocument'] as { readonly Statement: readonly object[] }
    expect(Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ])
  })
})
