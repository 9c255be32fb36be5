import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  paginateDescribeStackEvents,
  type StackEvent,
  UpdateTerminationProtectionCommand,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation'
import {
  DeleteTableCommand,
  DynamoDBClient,
  ScanCommand,
  UpdateTableCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import {
  DeleteBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3'

/** Thrown if the command must not delete anything. The message says why. */
export class NotRemovableError extends Error {
  override readonly name = 'NotRemovableError'
}

/** A store that the failed creation of the stack has left behind. `id` is its name or, for a key, its id. */
export interface LeftStore {
  readonly kind: 'table' | 'bucket' | 'key'
  readonly id: string
}

/** A stack in CloudFormation. */
export interface FailedStack {
  /** Returns the status of the stack, or undefined if it does not exist. */
  status(): Promise<string | undefined>
  /** Returns the resources that the stack has created. Some of them may no longer exist. */
  resources(): Promise<readonly { readonly type: string; readonly id: string }[]>
  /** Turns off the termination protection, deletes the stack, and waits until it is deleted. */
  delete(): Promise<void>
}

/** The tables, buckets and keys of the account. */
export interface LeftStores {
  /** Returns true if the store contains nothing, or no longer exists. A key always counts as empty. */
  isEmpty(store: LeftStore): Promise<boolean>
  /** Deletes an empty store. Returns false if it no longer exists. S3 rejects the deletion of a bucket with content. */
  delete(store: LeftStore): Promise<boolean>
}

/** The statuses of a stack whose first creation failed. */
const FAILED = ['CREATE_FAILED', 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'DELETE_FAILED']
const KINDS: Readonly<Record<string, LeftStore['kind']>> = {
  'AWS::DynamoDB::GlobalTable': 'table',
  'AWS::S3::Bucket': 'bucket',
  'AWS::KMS::Key': 'key',
}

/**
 * Deletes the stores that the failed first creation of a stack has left behind, and then the stack. Returns the deleted
 * stores. Throws `NotRemovableError`, and deletes nothing, if the stack was created successfully or if one of the stores
 * contains data. Stores that the stack has not created itself are not touched.
 */
export const removeFailedCreation = async (
  name: string,
  stack: FailedStack,
  stores: LeftStores,
): Promise<readonly LeftStore[]> => {
  const status = await stack.status()
  if (status === undefined) throw new NotRemovableError(`there is no stack ${name}, so no creation has failed`)
  if (!FAILED.includes(status))
    throw new NotRemovableError(
      `the stack ${name} has the status ${status}, so its creation has not failed; nothing was deleted. ` +
        'To delete a deployment with its data, see "Removing it" in infra/RUNBOOK.md',
    )
  const left = (await stack.resources()).flatMap(({ type, id }) => {
    const kind = KINDS[type]
    return kind === undefined ? [] : [{ kind, id }]
  })
  const used: LeftStore[] = []
  for (const store of left) if (!(await stores.isEmpty(store))) used.push(store)
  if (used.length > 0)
    throw new NotRemovableError(
      `these stores contain data, so nothing was deleted: ${used.map(({ kind, id }) => `${kind} ${id}`).join(', ')}`,
    )
  const removed: LeftStore[] = []
  for (const store of left) if (await stores.delete(store)) removed.push(store)
  await stack.delete()
  return removed
}

const TIMEOUT_SECONDS = 600
/** KMS accepts 7 to 30 days. In this time, the deletion can be cancelled. */
const KEY_DAYS = 7

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name)

/**
 * Returns true if the stack itself has created the resource. Without these conditions, the resource may belong to
 * somebody else: its creation may have failed because its name was taken.
 */
const isCreated = ({ ResourceStatus, ResourceStatusReason }: StackEvent): boolean =>
  ResourceStatus === 'CREATE_COMPLETE' ||
  (ResourceStatus === 'CREATE_IN_PROGRESS' && ResourceStatusReason === 'Resource creation Initiated')

/** Returns a stack of the account and region of the current credentials. */
export const cloudFormationStack = (name: string, client = new CloudFormationClient()): FailedStack => ({
  status: async () => {
    try {
      const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }))
      return Stacks[0]?.StackStatus
    } catch (error) {
      if (isNamed(error, 'ValidationError')) return undefined
      throw error
    }
  },
  resources: async () => {
    // The list of resources of a stack that was rolled back is not used: it may lack the resources that were retained.
    const left = new Map<string, { readonly type: string; readonly id: string }>()
    for await (const { StackEvents = [] } of paginateDescribeStackEvents({ client }, { StackName: name }))
      for (const event of StackEvents) {
        const { ResourceType: type, PhysicalResourceId: id = '' } = event
        if (type !== undefined && id !== '' && isCreated(event)) left.set(id, { type, id })
      }
    return [...left.values()]
  },
  delete: async () => {
    await client.send(new UpdateTerminationProtectionCommand({ StackName: name, EnableTerminationProtection: false }))
    await client.send(new DeleteStackCommand({ StackName: name }))
    await waitUntilStackDeleteComplete({ client, maxWaitTime: TIMEOUT_SECONDS }, { StackName: name })
  },
})

/** Returns the stores of the account and region of the current credentials. */
export const accountStores = (
  dynamo = new DynamoDBClient(),
  s3 = new S3Client(),
  kms = new KMSClient(),
): LeftStores => ({
  isEmpty: async ({ kind, id }) => {
    try {
      if (kind === 'table') {
        const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: id, Limit: 1, ConsistentRead: true }))
        return Items.length === 0
      }
      if (kind === 'key') return true
      const { Versions = [], DeleteMarkers = [] } = await s3.send(
        new ListObjectVersionsCommand({ Bucket: id, MaxKeys: 1 }),
      )
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: id, MaxUploads: 1 }))
      return Versions.length + DeleteMarkers.length + Uploads.length === 0
    } catch (error) {
      if (isNamed(error, 'NoSuchBucket', 'ResourceNotFoundException')) return true
      throw error
    }
  },
  delete: async ({ kind, id }) => {
    try {
      if (kind === 'bucket') await s3.send(new DeleteBucketCommand({ Bucket: id }))
      else if (kind === 'key')
        await kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: KEY_DAYS }))
      else {
        await dynamo.send(new UpdateTableCommand({ TableName: id, DeletionProtectionEnabled: false }))
        await waitUntilTableExists({ client: dynamo, maxWaitTime: TIMEOUT_SECONDS }, { TableName: id })
        await dynamo.send(new DeleteTableCommand({ TableName: id }))
      }
      return true
    } catch (error) {
      // An earlier attempt may have deleted the store. A key whose deletion is scheduled has an invalid state.
      if (isNamed(error, 'NoSuchBucket', 'ResourceNotFoundException', 'KMSInvalidStateException')) return false
      throw error
    }
  },
})
