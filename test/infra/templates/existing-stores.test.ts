import { describe, expect, it } from 'vitest'
import { destroyNotice } from '../../../infra/destroy.ts'
import { BUCKET, resourcesOf, synthesizer, TABLE } from './synthesizer.ts'
import type { Template } from '../deployed/template.ts'

const templates = synthesizer()
const deployment = await templates()

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
