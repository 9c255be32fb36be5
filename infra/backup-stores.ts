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
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { announceLock, lockProps } from './archive-lock.ts'
import { UNFINISHED_UPLOAD_DAYS, WORK_DAYS } from './lifecycle-days.ts'
import { type StoreNames, storeNames } from './names.ts'
import { type Settings, SettingsError } from './settings.ts'

/**
 * The tables, the buckets and the encryption key. They may contain the only copy of their data, so CloudFormation keeps
 * them if their stack is deleted. Stores that the setting `existing` names are not created: they belong to others.
 */
export class BackupStores extends Construct {
  readonly names: StoreNames
  /** The functions need permissions on this key. Undefined if S3 and DynamoDB use keys that AWS manages. */
  readonly key: IKey | undefined
  /** Encrypts the tables and buckets that this construct creates. */
  readonly #encryptionKey: IKey | undefined

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id)
    const { existing } = settings
    const isEncrypted = settings.encryption === 'kms'
    if (isEncrypted) this.#requireRegion()
    this.key =
      existing.key_arn !== undefined
        ? Key.fromKeyArn(this, 'ExistingKey', existing.key_arn)
        : isEncrypted
          ? this.#createKey(settings.deployment)
          : undefined
    this.#encryptionKey = isEncrypted ? this.key : undefined
    this.names = storeNames(settings.deployment, existing)
    const { names } = this
    if (existing.resource_table === undefined) this.#table('ResourceTable', names.resources)
    this.#table('JobTable', names.jobs, 'expires')
    const { old_versions_days } = settings.retention
    const oldVersions = {
      noncurrentVersionExpiration: Duration.days(old_versions_days),
      expiredObjectDeleteMarker: true,
    }
    if (existing.blob_bucket === undefined)
      this.#bucket('BlobBucket', { bucketName: names.blobs, versioned: true }, oldVersions)
    this.#bucket(
      'ArchiveBucket',
      {
        bucketName: names.archives,
        versioned: true,
        ...lockProps(settings),
      },
      oldVersions,
    )
    announceLock(this, settings)
    if (existing.restore_bucket === undefined) this.#restoreBucket(names.restores, oldVersions)
    this.#bucket('WorkBucket', { bucketName: names.work, versioned: false }, { expiration: Duration.days(WORK_DAYS) })
  }

  /** The tables are replicated tables with one replica. Each replica names the key of its own region. */
  #requireRegion(): void {
    if (Token.isUnresolved(Stack.of(this).region))
      throw new SettingsError([
        'encryption: "kms" requires an account and a region; run the command with AWS credentials of the account, ' +
          'or set the property env of the stack',
      ])
  }

  #createKey(deployment: string): Key {
    return new Key(this, 'Key', {
      description: `Data of the SpecStar Backup deployment ${deployment}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  /** Creates a versioned bucket, so that a restore reads the uploaded version even if another upload replaces it. */
  #restoreBucket(bucketName: string, rule: LifecycleRule): void {
    const restores = this.#bucket('RestoreBucket', { bucketName, versioned: true }, rule)
    // The property `eventBridgeEnabled` of `Bucket` would add a custom resource with a Lambda function to the stack.
    if (restores.node.defaultChild instanceof CfnBucket)
      restores.node.defaultChild.notificationConfiguration = {
        eventBridgeConfiguration: { eventBridgeEnabled: true },
      }
  }

  #table(id: string, tableName: string, timeToLiveAttribute?: string): void {
    new TableV2(this, id, {
      tableName,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption:
        this.#encryptionKey === undefined
          ? TableEncryptionV2.awsManagedKey()
          : TableEncryptionV2.customerManagedKey(this.#encryptionKey),
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
      ...(this.#encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: this.#encryptionKey, bucketKeyEnabled: true }),
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
