import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib'
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { type IKey, Key } from 'aws-cdk-lib/aws-kms'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  CfnBucket,
  type LifecycleRule,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { UNFINISHED_UPLOAD_DAYS, WORK_DAYS } from './lifecycle-days.ts'
import { type StoreNames, storeNames } from './names.ts'
import { type Settings, SettingsError } from './settings.ts'

/**
 * The tables, the buckets and the encryption key. They may contain the only copy of their data, so CloudFormation keeps
 * them if their stack is deleted.
 */
export class BackupStores extends Construct {
  readonly names: StoreNames
  /** Undefined if S3 and DynamoDB use keys that AWS manages. */
  readonly key: IKey | undefined

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id)
    this.key = settings.encryption === 'kms' ? this.#createKey(settings.deployment) : undefined
    this.names = storeNames(settings.deployment)
    const { names } = this
    this.#table('ResourceTable', names.resources)
    this.#table('JobTable', names.jobs, 'expires')
    const { old_versions_days } = settings.retention
    const oldVersions = {
      noncurrentVersionExpiration: Duration.days(old_versions_days),
      expiredObjectDeleteMarker: true,
    }
    this.#bucket('BlobBucket', { bucketName: names.blobs, versioned: true }, oldVersions)
    this.#bucket(
      'ArchiveBucket',
      {
        bucketName: names.archives,
        versioned: true,
        ...(settings.archive_lock_days === undefined
          ? {}
          : {
              objectLockEnabled: true,
              objectLockDefaultRetention: ObjectLockRetention.governance(Duration.days(settings.archive_lock_days)),
            }),
      },
      oldVersions,
    )
    // Versioned, so that a restore reads the uploaded version even if another upload replaces the archive.
    const restores = this.#bucket('RestoreBucket', { bucketName: names.restores, versioned: true }, oldVersions)
    // The property `eventBridgeEnabled` of `Bucket` would add a custom resource with a Lambda function to the stack.
    if (restores.node.defaultChild instanceof CfnBucket)
      restores.node.defaultChild.notificationConfiguration = {
        eventBridgeConfiguration: { eventBridgeEnabled: true },
      }
    this.#bucket('WorkBucket', { bucketName: names.work, versioned: false }, { expiration: Duration.days(WORK_DAYS) })
  }

  #createKey(deployment: string): Key {
    // The tables are replicated tables with one replica. Each replica names the key of its own region.
    if (Token.isUnresolved(Stack.of(this).region))
      throw new SettingsError([
        'encryption: "kms" requires an account and a region; run the command with AWS credentials of the account, ' +
          'or set the property env of the stack',
      ])
    return new Key(this, 'Key', {
      description: `Data of the SpecStar Backup deployment ${deployment}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  #table(id: string, tableName: string, timeToLiveAttribute?: string): void {
    new TableV2(this, id, {
      tableName,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption:
        this.key === undefined ? TableEncryptionV2.awsManagedKey() : TableEncryptionV2.customerManagedKey(this.key),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(timeToLiveAttribute === undefined ? {} : { timeToLiveAttribute }),
    })
  }

  #bucket(id: string, props: BucketProps, rule: LifecycleRule): Bucket {
    const bucket = new Bucket(this, id, {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(this.key === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: this.key, bucketKeyEnabled: true }),
      lifecycleRules: [{ ...rule, abortIncompleteMultipartUploadAfter: Duration.days(UNFINISHED_UPLOAD_DAYS) }],
      ...props,
    })
    acknowledge(bucket, {
      'AwsSolutions-S1':
        'CloudTrail data events contain more than access logs. The account enables them (RUNBOOK.md, Deploying).',
    })
    return bucket
  }
}
