import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { FUNCTIONS } from '../../../infra/functions.ts'
import { BUCKET, ratesFor, resourcesOf, synthesizer } from './synthesizer.ts'
import { Intrinsics } from '../deployed/intrinsics.ts'
import type { Resource, Synthesized, Template } from '../deployed/template.ts'

const templates = synthesizer()
const deployment = await templates()
const inService = (type: string): Resource[] => resourcesOf(deployment.service, type).map(([, resource]) => resource)

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
    expect(governance.warnings).toEqual([expect.stringContaining('s3:BypassGovernanceRetention')])
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
    const runbook = await readFile(new URL('../../../infra/RUNBOOK.md', import.meta.url), 'utf8')
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
    const { service, warnings } = await templates({ ...settings, reserved_concurrency: 20 })
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
    const [message = ''] = warnings.filter((text) => text.includes('reserved_concurrency'))
    expect(message).toContain('reserves 200 concurrent executions')
    expect(message).toContain('AWS keeps 100 unreserved')
    expect(message).toContain('is less than 300 plus the reservations of other functions')
    expect(message).toContain('reserved_concurrency is less than max_concurrency (64)')
  })

  it('reserve no concurrency by default, and synth does not mention it', () => {
    for (const { Properties } of inService('AWS::Lambda::Function'))
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions')
    expect(deployment.warnings.filter((text) => text.includes('reserved_concurrency'))).toEqual([])
  })

  it('can reserve as much concurrency as a stage can use', async () => {
    const { warnings } = await templates({ ...settings, max_concurrency: 10, reserved_concurrency: 10 })
    expect(warnings.filter((text) => text.includes('reserves 100'))).toHaveLength(1)
    expect(warnings.filter((text) => text.includes('less than max_concurrency'))).toEqual([])
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
