import { describe, expect, it } from 'vitest'
import { destroyNotice } from '../../../infra/destroy.ts'
import { BUCKET, resourcesOf, synthesizer, TABLE } from './synthesizer.ts'

const deployment = await synthesizer()()

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
