import type { Environment } from 'aws-cdk-lib'
import { readFile, rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { destroyNotice } from '../../infra/destroy.ts'
import { FUNCTIONS } from '../../infra/functions.ts'
import { routeKeys, ROUTES } from '../../functions/routes.ts'
import { Intrinsics } from './deployed/intrinsics.ts'
import { type Resource, type Synthesized, synthesize, type Template } from './deployed/template.ts'

const made: Synthesized[] = []
const templates = async (settings?: object, env?: Environment): Promise<Synthesized> => {
  const synthesized = await synthesize({
    ...(settings === undefined ? {} : { settings }),
    ...(env === undefined ? {} : { env }),
  })
  made.push(synthesized)
  return synthesized
}
let own: Synthesized
beforeAll(async () => {
  own = await templates()
})
afterAll(() => Promise.all(made.map(({ outdir }) => rm(outdir, { recursive: true, force: true }))))

const of = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type)
const inService = (type: string): Resource[] => of(own.service, type).map(([, resource]) => resource)
const BUCKET = 'AWS::S3::Bucket'
const TABLE = 'AWS::DynamoDB::GlobalTable'

describe('what holds data', () => {
  it('has these logical ids for ever: another one would be another table, or another bucket, and empty', () => {
    const stateful = [...of(own.data, TABLE), ...of(own.data, BUCKET)].map(([id]) => id)
    expect(stateful.sort()).toEqual([
      'ArchiveBucket9DECBF5D',
      'BlobBucketC9B7BD92',
      'JobTable0F869D99',
      'ResourceTableCFB86F30',
      'RestoreBucketE8E91E45',
      'WorkBucketF885502B',
    ])
  })

  it('lies in the data stack alone', () => {
    expect([...of(own.service, TABLE), ...of(own.service, BUCKET)]).toEqual([])
  })

  it.each(['ResourceTable', 'JobTable'])('%s is kept, protected, recoverable, encrypted and paid by use', (name) => {
    const [[, table] = expect.fail()] = of(own.data, TABLE).filter(([id]) => id.startsWith(name))
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
  })

  it('JobTable drops what is past its days', () => {
    const [[, table] = expect.fail()] = of(own.data, TABLE).filter(([id]) => id.startsWith('JobTable'))
    expect(table.Properties['TimeToLiveSpecification']).toEqual({ AttributeName: 'expires', Enabled: true })
  })

  it.each(['BlobBucket', 'ArchiveBucket', 'RestoreBucket', 'WorkBucket'])(
    '%s is kept, closed to the public, encrypted, TLS only, and without unfinished uploads',
    (name) => {
      const [[id, bucket] = expect.fail()] = of(own.data, BUCKET).filter(([one]) => one.startsWith(name))
      const closed = {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      }
      expect(bucket).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          PublicAccessBlockConfiguration: closed,
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
          },
        },
      })
      expect(JSON.stringify(bucket.Properties['LifecycleConfiguration'])).toContain('"DaysAfterInitiation":2')
      const policy = of(own.data, 'AWS::S3::BucketPolicy').find(([, { Properties }]) =>
        JSON.stringify(Properties['Bucket']).includes(id),
      )
      expect(JSON.stringify(policy)).toContain('{"Bool":{"aws:SecureTransport":"false"}}')
    },
  )

  it('keeps versions of what is kept, and drops work after a week', () => {
    const versioned = of(own.data, BUCKET).filter(
      ([, { Properties }]) => Properties['VersioningConfiguration'] !== undefined,
    )
    expect(versioned.map(([id]) => id.replace(/Bucket.*/, '')).sort()).toEqual(['Archive', 'Blob', 'Restore'])
    const [[, work] = expect.fail()] = of(own.data, BUCKET).filter(([id]) => id.startsWith('Work'))
    expect(work.Properties['LifecycleConfiguration']).toMatchObject({ Rules: [{ ExpirationInDays: 7 }] })
  })

  it('tells EventBridge of uploads, without a function of CDK’s own', () => {
    const [[, restores] = expect.fail()] = of(own.data, BUCKET).filter(([id]) => id.startsWith('Restore'))
    expect(restores.Properties['NotificationConfiguration']).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    })
    expect(of(own.data, 'AWS::Lambda::Function')).toEqual([])
    expect(Object.values(own.service.Resources).filter(({ Type }) => Type.startsWith('Custom::'))).toEqual([])
  })

  it('is what npm run destroy says that it keeps', () => {
    for (const name of ['specstar-resources', 'specstar-jobs', 'specstar-blobs', 'specstar-archives', 'specstar-data'])
      expect(destroyNotice('specstar', 's3')).toContain(name)
    expect(destroyNotice('specstar', 'kms')).toContain('the key')
  })
})

describe('functions', () => {
  it('are those of the catalogue, on Node 24 and arm64, traced', () => {
    const functions = inService('AWS::Lambda::Function')
    expect(functions.map(({ Properties }) => Properties['FunctionName']).sort()).toEqual(
      FUNCTIONS.map(({ name }) => `specstar-${name}`).sort(),
    )
    for (const { Properties } of functions)
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
      })
  })

  it('have a role and a log group each, and logs that end', () => {
    const functions = inService('AWS::Lambda::Function')
    const count = (property: string): number =>
      new Set(functions.map(({ Properties }) => JSON.stringify(Properties[property]))).size
    expect([count('Role'), count('LoggingConfig')]).toEqual([FUNCTIONS.length, FUNCTIONS.length])
    for (const { Properties } of inService('AWS::Logs::LogGroup')) expect(Properties['RetentionInDays']).toBe(90)
  })

  it('are published as versions that outlive a deployment', () => {
    const versions = inService('AWS::Lambda::Version')
    expect(versions.length).toBe(FUNCTIONS.filter(({ kind }) => kind === 'export' || kind === 'restore').length)
    for (const { DeletionPolicy } of versions) expect(DeletionPolicy).toBe('Retain')
  })
})

describe('policies', () => {
  const statements = (): { Action: string | string[]; Resource: unknown }[] =>
    [...inService('AWS::IAM::Policy'), ...inService('AWS::IAM::ManagedPolicy')].flatMap(({ Properties }) => {
      const document = Properties['PolicyDocument'] as { Statement: { Action: string | string[]; Resource: unknown }[] }
      return document.Statement
    })

  it('name every action', () => {
    const actions = statements().flatMap(({ Action }) => Action)
    expect(actions.filter((action) => action.includes('*'))).toEqual([])
  })

  it('name every resource, but where AWS has none to name', () => {
    const everywhere = statements().filter(({ Resource }) => [Resource].flat().includes('*'))
    const actions = new Set(everywhere.flatMap(({ Action }) => Action).map((action) => action.replace(/:.*/, '')))
    // Tracing; and the delivery of a workflow's log.
    expect([...actions].sort()).toEqual(['logs', 'xray'])
  })

  it('are the only ones: no role has one of AWS’s own', () => {
    for (const { Properties } of inService('AWS::IAM::Role')) expect(Properties['ManagedPolicyArns']).toBeUndefined()
  })
})

describe('doors', () => {
  it('are every route, singly, and one for all else: each wants a signature', () => {
    const routes = inService('AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties)
    const keys = ROUTES.flatMap(routeKeys)
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual([...keys, '$default'].sort())
    for (const { AuthorizationType } of routes) expect(AuthorizationType).toBe('AWS_IAM')
  })

  it('are throttled and logged, without queries', () => {
    const [stage] = inService('AWS::ApiGatewayV2::Stage')
    expect(stage?.Properties).toMatchObject({
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 },
    })
    expect(JSON.stringify(stage?.Properties['AccessLogSettings'])).not.toContain('query')
  })

  it('lose no event: what cannot be handed over, and what a function could not handle, lies in a queue', () => {
    const targets = inService('AWS::Events::Rule').flatMap(({ Properties }) => Properties['Targets'] as object[])
    expect(targets).toHaveLength(2)
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

  it('take archives alone out of the restore bucket', () => {
    const rules = inService('AWS::Events::Rule').map(({ Properties }) => Properties['EventPattern'])
    expect(rules).toContainEqual(
      expect.objectContaining({
        detail: expect.objectContaining({ object: { key: [{ suffix: '.acbak' }] } }) as object,
      }),
    )
  })
})

describe('workflows', () => {
  it('call published versions, and write nothing of what travels into their logs', () => {
    const machines = inService('AWS::StepFunctions::StateMachine')
    expect(machines).toHaveLength(2)
    for (const { Properties } of machines) {
      expect(Properties).toMatchObject({
        StateMachineType: 'STANDARD',
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
      })
      const text = new Intrinsics(own.service).text(Properties['DefinitionString'])
      const called = [...text.matchAll(/"Resource":"([^"]*)"/g)].map(([, resource]) => resource)
      expect(called.length).toBeGreaterThan(8)
      for (const resource of called) expect(resource).toMatch(/:function:specstar-[a-z-]+:1$/)
    }
  })
})

describe('schedules', () => {
  it('are of a group of their own, with a queue, and are not tried past the next time', () => {
    const schedules = inService('AWS::Scheduler::Schedule').map(({ Properties }) => Properties)
    expect(schedules.map(({ ScheduleExpression }) => ScheduleExpression)).toEqual([
      'cron(0 3 * * ? *)',
      'rate(1 day)',
      'rate(1 hour)',
    ])
    for (const { GroupName, Target } of schedules) {
      expect(GroupName).toBe('specstar')
      expect(Target).toMatchObject({ DeadLetterConfig: { Arn: expect.anything() as unknown } })
    }
    expect(schedules[0]?.['Target']).toMatchObject({
      Input: '{"schedule":"nightly","at":"<aws.scheduler.scheduled-time>"}',
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400 },
    })
    expect(schedules[2]?.['Target']).toMatchObject({ RetryPolicy: { MaximumEventAgeInSeconds: 3_600 } })
  })
})

describe('alarms', () => {
  it('tell somebody, and have each a heading in the runbook', async () => {
    const runbook = await readFile(new URL('../../infra/RUNBOOK.md', import.meta.url), 'utf8')
    const alarms = inService('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties)
    const headings = new Set(alarms.map(({ AlarmName }) => String(AlarmName).replace(/^specstar-|\d+$/g, '')))
    expect([...headings].sort()).toEqual([
      'DeadLetters',
      'FunctionErrors',
      'FunctionThrottles',
      'JobFailed',
      'ScheduleOverdue',
      'VerificationFailed',
    ])
    for (const heading of headings) expect(runbook).toContain(`\n### ${heading}\n`)
    for (const { AlarmActions } of alarms) expect(AlarmActions).toHaveLength(1)
  })

  it('look at every function: at its throttles, and at errors that no job tells', () => {
    const alarms = JSON.stringify(inService('AWS::CloudWatch::Alarm'))
    const stages = FUNCTIONS.filter(({ kind }) => kind === 'export' || kind === 'restore').map(({ name }) => name)
    for (const [id, { Properties }] of of(own.service, 'AWS::Lambda::Function')) {
      const isStage = stages.some((name) => Properties['FunctionName'] === `specstar-${name}`)
      expect(alarms.split(`{"Ref":"${id}"}`)).toHaveLength(isStage ? 2 : 3)
    }
  })

  it('may publish to their topic, which takes TLS alone', () => {
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

describe('settings', () => {
  const settings = { deployment: 'specstar' }

  it('may take the routes of single models away', async () => {
    const { service } = await templates({ ...settings, resource_routes: false })
    const keys = of(service, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => String(Properties['RouteKey']))
    expect(keys.filter((key) => key.includes('{model}'))).toEqual([])
    expect(keys).toContain('GET /_backup/export')
    const functions = of(service, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties['FunctionName'])
    expect(functions).toHaveLength(FUNCTIONS.length - 2)
    expect(functions).not.toContain('specstar-export-model')
  })

  it('may lock archives, take a key of its own, and tell somebody', async () => {
    const { data, service } = await templates(
      { ...settings, archive_lock_days: 30, encryption: 'kms', alarm_email: 'ops@example.org' },
      { account: '000000000000', region: 'eu-central-1' },
    )
    const [[, archives] = expect.fail()] = of(data, BUCKET).filter(([id]) => id.startsWith('Archive'))
    expect(archives.Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 30, Mode: 'GOVERNANCE' } } },
    })
    expect(of(data, 'AWS::KMS::Key')).toMatchObject([
      [expect.stringMatching(/^Key/), { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } }],
    ])
    for (const [, { Properties }] of of(data, BUCKET))
      expect(JSON.stringify(Properties['BucketEncryption'])).toContain('"SSEAlgorithm":"aws:kms"')
    const policies = of(service, 'AWS::IAM::Policy')
    expect(policies.filter(([, one]) => JSON.stringify(one).includes('kms:Decrypt')).length).toBeGreaterThan(30)
    expect(of(service, 'AWS::SNS::Subscription')).toMatchObject([
      [expect.anything(), { Properties: { Endpoint: 'ops@example.org' } }],
    ])
  })

  it('of a key of its own want a region', async () => {
    await expect(templates({ ...settings, encryption: 'kms' })).rejects.toThrow('encryption: "kms" needs an account')
  })

  it('let archives of other buckets be read by those functions that read archives, and by no other', async () => {
    const { service } = await templates({ ...settings, restore_from: ['backups-of-others'] })
    const readers = of(service, 'AWS::IAM::Policy')
      .filter(([, one]) => JSON.stringify(one).includes('backups-of-others'))
      .map(([id]) => id.replace(/RoleDefaultPolicy.*/, ''))
    expect(readers).toEqual(expect.arrayContaining(['ImportAll', 'Inspect', 'Preflight', 'ApplyBlobs', 'Verify']))
    expect(readers).not.toEqual(expect.arrayContaining(['ExportAll', 'ExportRecords', 'Prune', 'GetJob']))
  })

  it('without schedules make none, and no alarm of them', async () => {
    const { service } = await templates(settings)
    expect(of(service, 'AWS::Scheduler::Schedule')).toEqual([])
    const alarms = of(service, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['AlarmName'])
    expect(alarms).not.toContain('specstar-ScheduleOverdue')
  })
})
