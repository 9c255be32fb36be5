import type { Environment } from 'aws-cdk-lib'
import { readFile, rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { destroyNotice } from '../../infra/destroy.ts'
import { EVENTS, type RateNumbers } from '../../functions/events.ts'
import { FUNCTIONS } from '../../infra/functions.ts'
import { routeKeys, ROUTES } from '../../functions/routes.ts'
import { Intrinsics } from './deployed/intrinsics.ts'
import { type Resource, type Synthesized, synthesize, type Template } from './deployed/template.ts'

const synthesizedDeployments: Synthesized[] = []
const templates = async (settings?: object, env?: Environment): Promise<Synthesized> => {
  const synthesized = await synthesize({
    ...(settings === undefined ? {} : { settings }),
    ...(env === undefined ? {} : { env }),
  })
  synthesizedDeployments.push(synthesized)
  return synthesized
}
/** The deployment that `cdk.json` describes. */
let deployment: Synthesized
beforeAll(async () => {
  deployment = await templates()
})
afterAll(() => Promise.all(synthesizedDeployments.map(({ outdir }) => rm(outdir, { recursive: true, force: true }))))

const resourcesOf = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type)
const inService = (type: string): Resource[] => resourcesOf(deployment.service, type).map(([, resource]) => resource)
/**
 * The rates of the table of events that the settings need, as expressions of EventBridge Scheduler, and the hours
 * between two runs.
 */
const ratesFor = (settings: RateNumbers): [string, number][] =>
  EVENTS.flatMap(({ trigger }) =>
    trigger.type === 'rate' && trigger.isNeeded(settings) ? [[rateExpression(trigger.hours), trigger.hours]] : [],
  )

const rateExpression = (hours: number): string => {
  const [count, unit] = hours % 24 === 0 ? [hours / 24, 'day'] : [hours, 'hour']
  return `rate(${count} ${unit}${count === 1 ? '' : 's'})`
}

const BUCKET = 'AWS::S3::Bucket'
const TABLE = 'AWS::DynamoDB::GlobalTable'

describe('the data stack', () => {
  it('never changes its logical ids: a new id would be a new, empty table or bucket', () => {
    const stateful = [...resourcesOf(deployment.data, TABLE), ...resourcesOf(deployment.data, BUCKET)].map(([id]) => id)
    expect(stateful.sort()).toEqual([
      'ArchiveBucket9DECBF5D',
      'BlobBucketC9B7BD92',
      'JobTable0F869D99',
      'ResourceTableCFB86F30',
      'RestoreBucketE8E91E45',
      'WorkBucketF885502B',
    ])
  })

  it('contains all tables and buckets', () => {
    expect([...resourcesOf(deployment.service, TABLE), ...resourcesOf(deployment.service, BUCKET)]).toEqual([])
  })

  it.each(['ResourceTable', 'JobTable'])(
    'keeps %s when the stack is deleted, protects and encrypts it, and pays for it on demand',
    (name) => {
      const [[, table] = expect.fail()] = resourcesOf(deployment.data, TABLE).filter(([id]) => id.startsWith(name))
      expect(table).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          BillingMode: 'PAY_PER_REQUEST',
          SSESpecification: { SSEEnabled: true },
          Replicas: [
            { DeletionProtectionEnabled: true, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
          ],
        },
      })
    },
  )

  it('lets items of JobTable expire', () => {
    const [[, table] = expect.fail()] = resourcesOf(deployment.data, TABLE).filter(([id]) => id.startsWith('JobTable'))
    expect(table.Properties['TimeToLiveSpecification']).toEqual({ AttributeName: 'expires', Enabled: true })
  })

  it.each(['BlobBucket', 'ArchiveBucket', 'RestoreBucket', 'WorkBucket'])(
    'keeps %s when the stack is deleted, encrypts it, forbids public access and HTTP, and ends old uploads',
    (name) => {
      const [[id, bucket] = expect.fail()] = resourcesOf(deployment.data, BUCKET).filter(([logicalId]) =>
        logicalId.startsWith(name),
      )
      const blockedPublicAccess = {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      }
      expect(bucket).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          PublicAccessBlockConfiguration: blockedPublicAccess,
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
          },
        },
      })
      expect(JSON.stringify(bucket.Properties['LifecycleConfiguration'])).toContain('"DaysAfterInitiation":2')
      const policy = resourcesOf(deployment.data, 'AWS::S3::BucketPolicy').find(([, { Properties }]) =>
        JSON.stringify(Properties['Bucket']).includes(id),
      )
      expect(JSON.stringify(policy)).toContain('{"Bool":{"aws:SecureTransport":"false"}}')
    },
  )

  it('keeps versions in all buckets except the work bucket, whose objects expire after a week', () => {
    const versioned = resourcesOf(deployment.data, BUCKET).filter(
      ([, { Properties }]) => Properties['VersioningConfiguration'] !== undefined,
    )
    expect(versioned.map(([id]) => id.replace(/Bucket.*/, '')).sort()).toEqual(['Archive', 'Blob', 'Restore'])
    const [[, work] = expect.fail()] = resourcesOf(deployment.data, BUCKET).filter(([id]) => id.startsWith('Work'))
    expect(work.Properties['LifecycleConfiguration']).toMatchObject({ Rules: [{ ExpirationInDays: 7 }] })
  })

  it('sends uploads to EventBridge without a custom resource', () => {
    const [[, restores] = expect.fail()] = resourcesOf(deployment.data, BUCKET).filter(([id]) =>
      id.startsWith('Restore'),
    )
    expect(restores.Properties['NotificationConfiguration']).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    })
    expect(resourcesOf(deployment.data, 'AWS::Lambda::Function')).toEqual([])
    expect(Object.values(deployment.service.Resources).filter(({ Type }) => Type.startsWith('Custom::'))).toEqual([])
  })

  it('contains everything that the notice of npm run destroy lists as kept', () => {
    for (const name of ['specstar-resources', 'specstar-jobs', 'specstar-blobs', 'specstar-archives', 'specstar-data'])
      expect(destroyNotice({ deployment: 'specstar', encryption: 's3', existing: {} })).toContain(name)
    expect(destroyNotice({ deployment: 'specstar', encryption: 'kms', existing: {} })).toContain('the KMS key')
  })
})

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

  it('are traced by Lambda itself: stages only in executions that Step Functions traces', async () => {
    const stages = FUNCTIONS.filter(({ kind }) => kind === 'export' || kind === 'restore').map(({ name }) => name)
    for (const { Properties } of inService('AWS::Lambda::Function')) {
      const isStage = stages.some((name) => Properties['FunctionName'] === `specstar-${name}`)
      expect(Properties['TracingConfig']).toEqual({ Mode: isStage ? 'PassThrough' : 'Active' })
    }
    const packages = await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8')
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
    expect(machines).toHaveLength(2)
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

describe('alarms', () => {
  const nameOf = ({ AlarmName }: Resource['Properties']): string => String(AlarmName).replace('specstar-', '')

  it('notify a topic, and each has a heading in the runbook', async () => {
    const runbook = await readFile(new URL('../../infra/RUNBOOK.md', import.meta.url), 'utf8')
    const alarms = [...inService('AWS::CloudWatch::Alarm'), ...inService('AWS::CloudWatch::CompositeAlarm')].map(
      ({ Properties }) => Properties,
    )
    const notifying = alarms.filter(({ AlarmActions }) => AlarmActions !== undefined)
    expect(notifying.map(nameOf).sort()).toEqual([
      'ApiErrors',
      'DeadLetters',
      'FunctionErrors',
      'FunctionThrottles',
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
    const runbook = await readFile(new URL('../../infra/RUNBOOK.md', import.meta.url), 'utf8')
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

describe('names', () => {
  it('of log groups to which AWS delivers logs have the prefix that needs no resource policy', () => {
    const names = inService('AWS::Logs::LogGroup').map(({ Properties }) => String(Properties['LogGroupName']))
    expect(names.filter((name) => !name.startsWith('/aws/lambda/')).sort()).toEqual([
      '/aws/vendedlogs/apis/specstar',
      '/aws/vendedlogs/states/specstar-export',
      '/aws/vendedlogs/states/specstar-restore',
    ])
  })

  it('of the dashboard contains the region, because an account has one list of dashboards', () => {
    const [dashboard] = inService('AWS::CloudWatch::Dashboard')
    expect(new Intrinsics(deployment.service).text(dashboard?.Properties['DashboardName'])).toBe('specstar-us-east-1')
  })
})

describe('the settings', () => {
  const settings = { deployment: 'specstar' }

  it('can remove the routes of single models', async () => {
    const { service } = await templates({ ...settings, resource_routes: false })
    const keys = resourcesOf(service, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) =>
      String(Properties['RouteKey']),
    )
    expect(keys.filter((key) => key.includes('{model}'))).toEqual([])
    expect(keys).toContain('GET /_backup/export')
    const functions = resourcesOf(service, 'AWS::Lambda::Function').map(
      ([, { Properties }]) => Properties['FunctionName'],
    )
    expect(functions).toHaveLength(FUNCTIONS.length - 2)
    expect(functions).not.toContain('specstar-export-model')
  })

  it('can lock archives, create an encryption key and send alarms to an address', async () => {
    const { data, service } = await templates(
      { ...settings, archive_lock_days: 30, encryption: 'kms', alarm_email: 'ops@example.org' },
      { account: '000000000000', region: 'eu-central-1' },
    )
    const [[, archives] = expect.fail()] = resourcesOf(data, BUCKET).filter(([id]) => id.startsWith('Archive'))
    expect(archives.Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 30, Mode: 'GOVERNANCE' } } },
    })
    expect(resourcesOf(data, 'AWS::KMS::Key')).toMatchObject([
      [expect.stringMatching(/^Key/), { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } }],
    ])
    for (const [, { Properties }] of resourcesOf(data, BUCKET))
      expect(JSON.stringify(Properties['BucketEncryption'])).toContain('"SSEAlgorithm":"aws:kms"')
    const policies = resourcesOf(service, 'AWS::IAM::Policy')
    expect(policies.filter(([, policy]) => JSON.stringify(policy).includes('kms:Decrypt')).length).toBeGreaterThan(30)
    expect(resourcesOf(service, 'AWS::SNS::Subscription')).toMatchObject([
      [expect.anything(), { Properties: { Endpoint: 'ops@example.org' } }],
    ])
  })

  it('can lock archives so that nobody can delete them, and print until when', async () => {
    const lock = (mode: string) => templates({ ...settings, archive_lock: { mode, days: 30 } })
    const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
    const { data, warnings } = await lock('compliance')
    const [[, archives] = expect.fail()] = resourcesOf(data, BUCKET).filter(([id]) => id.startsWith('Archive'))
    expect(archives.Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 30, Mode: 'COMPLIANCE' } } },
    })
    expect(warnings).toEqual([expect.stringContaining(`is locked until ${day(Date.now() + 30 * 24 * 3600_000)}`)])
    expect(warnings).toEqual([expect.stringContaining('not even the root user')])
    const governance = await lock('governance')
    expect(governance.warnings).toEqual([])
    expect(JSON.stringify(governance.data)).toContain('"Mode":"GOVERNANCE"')
  })

  it('cannot create an encryption key without a region', async () => {
    await expect(templates({ ...settings, encryption: 'kms' })).rejects.toThrow('encryption: "kms" requires an account')
  })

  it('can allow other buckets to the functions that read archives, and to no others', async () => {
    const { service } = await templates({
      ...settings,
      restore_from: [{ bucket: 'other-backups', account: '000000000001' }],
    })
    const readers = resourcesOf(service, 'AWS::IAM::Policy')
      .filter(([, policy]) => JSON.stringify(policy).includes('other-backups'))
      .map(([id]) => id.replace(/RoleDefaultPolicy.*/, ''))
    expect(readers).toEqual(expect.arrayContaining(['ImportAll', 'Inspect', 'Preflight', 'ApplyBlobs', 'Verify']))
    expect(readers).not.toEqual(expect.arrayContaining(['ExportAll', 'ExportRecords', 'Prune', 'GetJob']))
  })

  it('let functions decrypt objects of other buckets only through S3 in the same region, also in China', async () => {
    const { service } = await templates({
      ...settings,
      restore_from: [{ bucket: 'other-backups', account: '000000000001' }],
    })
    const [[, policy] = expect.fail()] = resourcesOf(service, 'AWS::IAM::Policy').filter(([id]) =>
      id.startsWith('InspectRole'),
    )
    const endings = ['".amazonaws.com"', '".",{"Ref":"AWS::URLSuffix"}']
    const services = endings.map((ending) => `{"Fn::Join":["",["s3.",{"Ref":"AWS::Region"},${ending}]]}`)
    expect(JSON.stringify(policy)).toContain(`{"StringEquals":{"kms:ViaService":[${services.join(',')}]}}`)
  })

  it('contain the accounts of other buckets in the environment of functions, and warn if one is unknown', async () => {
    const restore_from = ['named-only', { bucket: 'owned', account: '000000000001' }]
    const { service, warnings } = await templates({ ...settings, restore_from })
    const [[, fn] = expect.fail()] = resourcesOf(service, 'AWS::Lambda::Function')
    expect(fn.Properties['Environment']).toMatchObject({
      Variables: { RESTORE_FROM: 'named-only,owned=000000000001' },
    })
    expect(warnings).toEqual([expect.stringContaining('nothing checks who owns the bucket named-only')])
  })

  it('can copy archives of schedules to another account and region', async () => {
    const nightly = { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }
    const copy_archives_to = { bucket: 'copies', account: '000000000001', region: 'eu-west-1' }
    const { service } = await templates({ ...settings, schedules: [nightly], copy_archives_to })
    const writers = resourcesOf(service, 'AWS::IAM::Policy').filter(([, policy]) =>
      JSON.stringify(policy).includes(':s3:::copies'),
    )
    expect(writers.map(([id]) => id.replace(/RoleDefaultPolicy.*/, ''))).toEqual(['CopyArchives'])
    expect(JSON.stringify(writers)).toContain('s3.eu-west-1.amazonaws.com')
    const [[, fn] = expect.fail()] = resourcesOf(service, 'AWS::Lambda::Function').filter(([id]) =>
      id.startsWith('CopyArchives'),
    )
    expect(JSON.stringify(fn.Properties['Environment'])).toContain(
      JSON.stringify(JSON.stringify({ account: '000000000001', bucket: 'copies', region: 'eu-west-1' })),
    )
    const alarms = resourcesOf(service, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties)
    expect(alarms).toContainEqual(
      expect.objectContaining({ AlarmName: 'specstar-ScheduleCopyFailed', TreatMissingData: 'breaching' }),
    )
    expect(resourcesOf(service, 'AWS::Scheduler::Schedule')).toHaveLength(
      1 + ratesFor({ schedules: 1, retention: 0, copies: 1 }).length,
    )
    const runbook = await readFile(new URL('../../infra/RUNBOOK.md', import.meta.url), 'utf8')
    expect(runbook).toContain('\n### ScheduleCopyFailed\n')
  })

  it('let only the daily deletion delete exports, slots, uploads and reports, and only if their days are set', async () => {
    const retention = { exports_days: 10, slots_days: 2, uploads_days: 5, reports_days: 20 }
    const { service } = await templates({ ...settings, retention })
    const policiesWith = (template: Template, text: string): string[] =>
      resourcesOf(template, 'AWS::IAM::Policy')
        .filter(([, policy]) => JSON.stringify(policy).includes(text))
        .map(([id]) => id.replace(/RoleDefaultPolicy.*/, ''))
    expect(policiesWith(service, 's3:DeleteObject')).toEqual(['Prune'])
    for (const key of ['/exports/*', '/reports/*', '/_slots/*']) {
      expect(policiesWith(service, key)).toContain('Prune')
      expect(policiesWith(deployment.service, key)).not.toContain('Prune')
    }
    const environments = resourcesOf(service, 'AWS::Lambda::Function').filter(([, { Properties }]) =>
      JSON.stringify(Properties['Environment']).includes('RETENTION'),
    )
    expect(environments.map(([, { Properties }]) => Properties['FunctionName'])).toContain('specstar-get-prune')
    for (const [, { Properties }] of environments)
      expect(Properties['Environment']).toMatchObject({
        Variables: { RETENTION: '{"exports":10,"slots":2,"uploads":5,"reports":20}' },
      })
    const schedules = resourcesOf(service, 'AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties)
    const expressions = schedules.map(({ ScheduleExpression }) => ScheduleExpression).sort()
    expect(expressions).toEqual(
      ratesFor({ schedules: 0, retention: 4, copies: 0 })
        .map(([expression]) => expression)
        .sort(),
    )
    expect(expressions).toContain('rate(1 day)')
  })

  it('limit the workers of a stage that run at the same time, by default to 64', async () => {
    const concurrencies = ({ service }: Synthesized): Set<number> =>
      new Set(
        resourcesOf(service, 'AWS::StepFunctions::StateMachine').flatMap(([, { Properties }]) =>
          [...new Intrinsics(service).text(Properties['DefinitionString']).matchAll(/"MaxConcurrency":(\d+)/g)].map(
            ([, concurrency]) => Number(concurrency),
          ),
        ),
      )
    // Inline maps run all of their items, at most 8, at the same time.
    expect(concurrencies(deployment)).toEqual(new Set([8, 64]))
    expect(concurrencies(await templates({ ...settings, max_concurrency: 500 }))).toEqual(new Set([8, 500]))
  })

  it('can reserve concurrency for each worker function, and synth states what this needs', async () => {
    const { service, infos } = await templates({ ...settings, reserved_concurrency: 20 })
    const reserved = resourcesOf(service, 'AWS::Lambda::Function').flatMap(([, { Properties }]) =>
      Properties['ReservedConcurrentExecutions'] === undefined
        ? []
        : [[Properties['FunctionName'], Properties['ReservedConcurrentExecutions']]],
    )
    const workers = [
      'apply-blobs',
      'apply-records',
      'compose-parts',
      'convert',
      'export-blobs',
      'export-records',
      'preflight',
      'preflight-blobs',
      'rollback',
      'verify',
    ]
    expect(reserved.sort()).toEqual(workers.map((name) => [`specstar-${name}`, 20]))
    const [message = ''] = infos.filter((text) => text.includes('reserved_concurrency'))
    expect(message).toContain('reserves 200 concurrent executions')
    expect(message).toContain('AWS keeps 100 unreserved')
    expect(message).toContain('is less than 300 plus the reservations of other functions')
    expect(message).toContain('reserved_concurrency is less than max_concurrency (64)')
  })

  it('reserve no concurrency by default, and synth does not mention it', () => {
    for (const { Properties } of inService('AWS::Lambda::Function'))
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions')
    expect(deployment.infos.filter((text) => text.includes('reserved_concurrency'))).toEqual([])
  })

  it('can reserve as much concurrency as a stage can use', async () => {
    const { infos } = await templates({ ...settings, max_concurrency: 10, reserved_concurrency: 10 })
    expect(infos.filter((text) => text.includes('reserves 100'))).toHaveLength(1)
    expect(infos.filter((text) => text.includes('less than max_concurrency'))).toEqual([])
  })

  it('create only schedules that every deployment needs, and no alarm for schedules, by default', async () => {
    const { service } = await templates(settings)
    expect(resourcesOf(service, 'AWS::Scheduler::Schedule')).toHaveLength(
      ratesFor({ schedules: 0, retention: 0, copies: 0 }).length,
    )
    const alarms = resourcesOf(service, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['AlarmName'])
    expect(alarms).not.toContain('specstar-ScheduleOverdue')
  })
})

describe('existing stores', () => {
  const KEY_ARN = 'arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555'
  const settings = {
    deployment: 'specstar',
    existing: { resource_table: 'shop', blob_bucket: 'shop-files', restore_bucket: 'shop-inbox', key_arn: KEY_ARN },
  }
  const env = { account: '111111111111', region: 'eu-west-1' }
  const idsOf = (template: Template): string[] =>
    [TABLE, BUCKET, 'AWS::KMS::Key'].flatMap((type) => resourcesOf(template, type).map(([id]) => id)).sort()

  it('are not created, and nothing in the data stack refers to them', async () => {
    const { data } = await templates(settings, env)
    expect(idsOf(data)).toEqual(['ArchiveBucket9DECBF5D', 'JobTable0F869D99', 'WorkBucketF885502B'])
    const text = JSON.stringify(data)
    for (const name of ['shop', KEY_ARN]) expect(text).not.toContain(name)
  })

  it('are used by the functions and rules, and their settings are never changed', async () => {
    const { service } = await templates(settings, env)
    const functions = resourcesOf(service, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties)
    for (const { Environment } of functions)
      expect(Environment).toMatchObject({
        Variables: { RESOURCE_TABLE: 'shop', BLOB_BUCKET: 'shop-files', RESTORE_BUCKET: 'shop-inbox' },
      })
    expect(JSON.stringify(resourcesOf(service, 'AWS::Events::Rule'))).toContain('"bucket":{"name":["shop-inbox"]}')
    const statements = resourcesOf(service, 'AWS::IAM::Policy').flatMap(
      ([, { Properties }]) =>
        (Properties['PolicyDocument'] as { Statement: { Action: string | string[]; Resource: unknown }[] }).Statement,
    )
    const onOthers = statements.filter(({ Resource }) => /shop|key\//.test(JSON.stringify(Resource)))
    const changing = onOthers
      .flatMap(({ Action }) => Action)
      .filter((action) => /:(Create|Update(?!Item)|Put(?!Object$|Item$)|Delete(?!Item$|Object$))/.test(action))
    expect(changing).toEqual([])
    expect(onOthers.flatMap(({ Action }) => Action)).toContain('kms:GenerateDataKey')
  })

  it('are checked by the functions whose jobs use them first', async () => {
    const { service } = await templates(settings, env)
    const checks = resourcesOf(service, 'AWS::Lambda::Function').flatMap(([, { Properties }]) => {
      const { Variables } = Properties['Environment'] as { readonly Variables: Readonly<Record<string, string>> }
      return Variables['EXISTING_STORES'] === undefined
        ? []
        : [`${String(Properties['FunctionName'])}: ${Variables['EXISTING_STORES']}`]
    })
    expect(checks.sort()).toEqual([
      'specstar-import-all: restore_bucket',
      'specstar-import-model: restore_bucket',
      'specstar-inspect: resource_table,blob_bucket,restore_bucket',
      'specstar-plan-export: resource_table,blob_bucket',
    ])
    const allowedTo = (action: string): string[] =>
      resourcesOf(service, 'AWS::IAM::Policy')
        .filter(([, policy]) => JSON.stringify(policy).includes(`"${action}"`))
        .map(([id]) => id.replace(/RoleDefaultPolicy.*/, ''))
        .sort()
    expect(allowedTo('dynamodb:DescribeTable')).toEqual(['Inspect', 'PlanExport'])
    expect(allowedTo('s3:GetBucketVersioning')).toEqual(['ImportAll', 'ImportModel', 'Inspect', 'PlanExport'])
    expect(allowedTo('s3:GetBucketNotification')).toEqual(['ImportAll', 'ImportModel', 'Inspect'])
  })

  it('are not listed as kept by the notice of npm run destroy', () => {
    const notice = destroyNotice({ ...settings, encryption: 'kms' })
    for (const name of ['specstar-resources', 'specstar-blobs', 'specstar-restores', 'the KMS key'])
      expect(notice).not.toContain(name)
    for (const name of ['specstar-jobs', 'specstar-archives', 'specstar-work']) expect(notice).toContain(name)
  })

  it('can include the key of the stores that the deployment creates', async () => {
    const { data } = await templates({ ...settings, encryption: 'kms' }, env)
    expect(resourcesOf(data, 'AWS::KMS::Key')).toEqual([])
    for (const [, { Properties }] of resourcesOf(data, BUCKET))
      expect(JSON.stringify(Properties['BucketEncryption'])).toContain(KEY_ARN)
    for (const [, { Properties }] of resourcesOf(data, TABLE)) expect(JSON.stringify(Properties)).toContain(KEY_ARN)
  })

  it('do not change the logical ids of other stores', async () => {
    const { data } = await templates({ deployment: 'specstar', existing: { blob_bucket: 'shop-files' } })
    expect(idsOf(data)).toEqual(idsOf(deployment.data).filter((id) => !id.startsWith('BlobBucket')))
  })
})
