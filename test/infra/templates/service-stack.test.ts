import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { EVENTS } from '../../../functions/events.ts'
import { FUNCTIONS } from '../../../infra/functions.ts'
import { routeKeys, ROUTES } from '../../../functions/routes.ts'
import { ratesFor, resourcesOf, synthesizer } from './synthesizer.ts'
import { Intrinsics } from '../deployed/intrinsics.ts'
import type { Resource } from '../deployed/template.ts'

const deployment = await synthesizer()()
const inService = (type: string): Resource[] => resourcesOf(deployment.service, type).map(([, resource]) => resource)

describe('functions', () => {
  it('are those of the tables, and run on Node 24 and arm64', () => {
    const functions = inService('AWS::Lambda::Function')
    expect(functions.map(({ Properties }) => Properties['FunctionName']).sort()).toEqual(
      FUNCTIONS.map(({ name }) => `specstar-${name}`).sort(),
    )
    for (const { Properties } of functions)
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
      })
  })

  // Lambda limits neither space if `NODE_OPTIONS` limits one of them.
  it('limit both spaces of the heap, and their limits fit into the memory of the function', () => {
    for (const { Properties } of inService('AWS::Lambda::Function')) {
      const { Variables } = Properties['Environment'] as { readonly Variables: Readonly<Record<string, string>> }
      const limits = /^--enable-source-maps --max-semi-space-size=(\d+) --max-old-space-size=(\d+)$/.exec(
        Variables['NODE_OPTIONS'] ?? '',
      )
      const [semiSpace, oldSpace] = [Number(limits?.[1]), Number(limits?.[2])]
      expect(oldSpace).toBeGreaterThan(400)
      expect(3 * semiSpace + oldSpace).toBeLessThan(Number(Properties['MemorySize']))
    }
  })

  it('are traced by Lambda itself: stages only in executions that Step Functions traces', async () => {
    const stages = FUNCTIONS.filter(({ kind }) => kind === 'export' || kind === 'restore').map(({ name }) => name)
    for (const { Properties } of inService('AWS::Lambda::Function')) {
      const isStage = stages.some((name) => Properties['FunctionName'] === `specstar-${name}`)
      expect(Properties['TracingConfig']).toEqual({ Mode: isStage ? 'PassThrough' : 'Active' })
    }
    const packages = await readFile(new URL('../../../package-lock.json', import.meta.url), 'utf8')
    expect(packages).not.toMatch(/aws-xray|powertools\/tracer/)
  })

  it('each have a role and a log group of their own, whose logs expire', () => {
    const functions = inService('AWS::Lambda::Function')
    const distinct = (property: string): number =>
      new Set(functions.map(({ Properties }) => JSON.stringify(Properties[property]))).size
    expect([distinct('Role'), distinct('LoggingConfig')]).toEqual([FUNCTIONS.length, FUNCTIONS.length])
    for (const { Properties } of inService('AWS::Logs::LogGroup')) expect(Properties['RetentionInDays']).toBe(90)
  })

  it('of stages are published as versions, which later deployments keep, but a failed deployment does not', () => {
    const versions = inService('AWS::Lambda::Version')
    expect(versions.length).toBe(FUNCTIONS.filter(({ kind }) => kind === 'export' || kind === 'restore').length)
    for (const { DeletionPolicy, UpdateReplacePolicy } of versions)
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain'])
  })
})

describe('policies', () => {
  const statements = (): { Action: string | string[]; Resource: unknown }[] =>
    [...inService('AWS::IAM::Policy'), ...inService('AWS::IAM::ManagedPolicy')].flatMap(({ Properties }) => {
      const document = Properties['PolicyDocument'] as { Statement: { Action: string | string[]; Resource: unknown }[] }
      return document.Statement
    })

  it('contain no wildcard in actions', () => {
    const actions = statements().flatMap(({ Action }) => Action)
    expect(actions.filter((action) => action.includes('*'))).toEqual([])
  })

  it('apply to all resources only for actions that support no resource ARNs', () => {
    const onAllResources = statements().filter(({ Resource }) => [Resource].flat().includes('*'))
    const actions = new Set(onAllResources.flatMap(({ Action }) => Action).map((action) => action.replace(/:.*/, '')))
    // Tracing, and the delivery of the logs of a workflow.
    expect([...actions].sort()).toEqual(['logs', 'xray'])
  })

  it('are the only ones of their roles: no role has a policy managed by AWS', () => {
    for (const { Properties } of inService('AWS::IAM::Role')) expect(Properties['ManagedPolicyArns']).toBeUndefined()
  })
})

describe('the HTTP API', () => {
  it('has every route and a default route, and all require IAM authorization', () => {
    const routes = inService('AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties)
    const keys = ROUTES.flatMap(routeKeys)
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual([...keys, '$default'].sort())
    for (const { AuthorizationType } of routes) expect(AuthorizationType).toBe('AWS_IAM')
  })

  it('is throttled, and its access log contains no queries', () => {
    const [stage] = inService('AWS::ApiGatewayV2::Stage')
    expect(stage?.Properties).toMatchObject({
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 },
    })
    expect(JSON.stringify(stage?.Properties['AccessLogSettings'])).not.toContain('query')
  })
})

describe('events', () => {
  it('that cannot be delivered or handled are kept in a queue', () => {
    const targets = inService('AWS::Events::Rule').flatMap(({ Properties }) => Properties['Targets'] as object[])
    expect(targets).toHaveLength(EVENTS.filter(({ trigger }) => trigger.type === 'rule').length)
    for (const target of targets)
      expect(target).toMatchObject({ DeadLetterConfig: { Arn: expect.anything() as unknown } })
    const configs = inService('AWS::Lambda::EventInvokeConfig').map(({ Properties }) => Properties)
    expect(configs).toHaveLength(FUNCTIONS.filter(({ kind }) => kind === 'event').length)
    for (const config of configs)
      expect(config).toMatchObject({
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 6 * 3600,
        DestinationConfig: { OnFailure: { Destination: expect.anything() as unknown } },
      })
    const [queue] = inService('AWS::SQS::Queue')
    expect(queue?.Properties).toMatchObject({ SqsManagedSseEnabled: true })
    expect(JSON.stringify(inService('AWS::SQS::QueuePolicy'))).toContain('"aws:SecureTransport":"false"')
  })

  it('of the restore bucket start a restore only for archives', () => {
    const rules = inService('AWS::Events::Rule').map(({ Properties }) => Properties['EventPattern'])
    expect(rules).toContainEqual(
      expect.objectContaining({
        detail: expect.objectContaining({ object: { key: [{ suffix: '.acbak' }] } }) as object,
      }),
    )
  })
})

describe('workflows', () => {
  it('call published versions of functions, and do not log inputs and outputs', () => {
    const machines = inService('AWS::StepFunctions::StateMachine')
    expect(machines).toHaveLength(3)
    for (const { Properties } of machines) {
      expect(Properties).toMatchObject({
        StateMachineType: 'STANDARD',
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
      })
      const text = new Intrinsics(deployment.service).text(Properties['DefinitionString'])
      const called = [...text.matchAll(/"Resource":"([^"]*)"/g)].map(([, resource]) => resource)
      expect(called.length).toBeGreaterThan(8)
      for (const resource of called) expect(resource).toMatch(/:function:specstar-[a-z-]+:1$/)
    }
  })
})

describe('schedules', () => {
  it('are in a group of their own, have a dead-letter queue, and retry until the next run is due', () => {
    const schedules = inService('AWS::Scheduler::Schedule').map(({ Properties }) => Properties)
    for (const { GroupName, Target } of schedules) {
      expect(GroupName).toBe('specstar')
      expect(Target).toMatchObject({ DeadLetterConfig: { Arn: expect.anything() as unknown } })
    }
    const retrySeconds = schedules.map(({ ScheduleExpression, Target }) => {
      const { RetryPolicy } = Target as { readonly RetryPolicy: { readonly MaximumEventAgeInSeconds: number } }
      return [ScheduleExpression, RetryPolicy.MaximumEventAgeInSeconds]
    })
    const rates = ratesFor({ schedules: 1, retention: 0, copies: 0 })
    expect(rates).toEqual(expect.arrayContaining([['rate(1 day)', 24]]))
    const expected = rates.map(([expression, hours]) => [expression, hours * 3600])
    expect(retrySeconds.sort()).toEqual([['cron(0 3 * * ? *)', 86_400], ...expected].sort())
    expect(schedules[0]?.['Target']).toMatchObject({
      Input: '{"schedule":"nightly","at":"<aws.scheduler.scheduled-time>"}',
    })
  })
})

describe('names', () => {
  it('of log groups to which AWS delivers logs have the prefix that needs no resource policy', () => {
    const names = inService('AWS::Logs::LogGroup').map(({ Properties }) => String(Properties['LogGroupName']))
    expect(names.filter((name) => !name.startsWith('/aws/lambda/')).sort()).toEqual([
      '/aws/vendedlogs/apis/specstar',
      '/aws/vendedlogs/states/specstar-check',
      '/aws/vendedlogs/states/specstar-export',
      '/aws/vendedlogs/states/specstar-restore',
    ])
  })

  it('of the dashboard contains the region, because an account has one list of dashboards', () => {
    const [dashboard] = inService('AWS::CloudWatch::Dashboard')
    expect(new Intrinsics(deployment.service).text(dashboard?.Properties['DashboardName'])).toBe('specstar-us-east-1')
  })
})
