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
  DescribeTableCommand,
  DynamoDBClient,
  ScanCommand,
  UpdateTableCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb'
import { KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import {
  DeleteBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { Settings } from './settings.ts'

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
  /** Returns true if the events of the stack prove that its creation failed. */
  creationFailed(): Promise<boolean>
  /** Returns the resources that the stack has created. Some of them may no longer exist. */
  resources(): Promise<readonly { readonly type: string; readonly id: string }[]>
  /**
   * Turns off the termination protection, deletes the stack, and waits until it is deleted. If an interrupted run is
   * already deleting it, only waits.
   */
  delete(): Promise<void>
}

/** The tables, buckets and keys of the account. */
export interface LeftStores {
  /** Returns true if the store contains nothing, or no longer exists. A key always counts as empty. */
  isEmpty(store: LeftStore): Promise<boolean>
  /** Deletes an empty store. Returns false if it no longer exists. S3 rejects the deletion of a bucket with content. */
  delete(store: LeftStore): Promise<boolean>
}

/** The statuses that a stack has only if its first creation failed. */
const CREATION_FAILED = ['CREATE_FAILED', 'ROLLBACK_IN_PROGRESS', 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED']
/**
 * The statuses of a stack whose first creation may have failed. A stack whose deletion has begun may have been created
 * successfully before, so its events are read.
 */
const REMOVABLE = ['CREATE_FAILED', 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'DELETE_FAILED', 'DELETE_IN_PROGRESS']
const KINDS: Readonly<Record<string, LeftStore['kind']>> = {
  'AWS::DynamoDB::GlobalTable': 'table',
  'AWS::S3::Bucket': 'bucket',
  'AWS::KMS::Key': 'key',
}

/**
 * Deletes the stores that the failed first creation of a stack has left behind, and then the stack. Returns the deleted
 * stores. Throws `NotRemovableError`, and deletes nothing, if the stack was created successfully or if one of the
 * stores contains data. Keeps stores that the stack has not created itself, and stores that the setting `existing`
 * names.
 */
export const removeFailedCreation = async (
  name: string,
  stack: FailedStack,
  stores: LeftStores,
  existing: Settings['existing'] = {},
): Promise<readonly LeftStore[]> => {
  const status = await stack.status()
  if (status === 'ROLLBACK_IN_PROGRESS')
    throw new NotRemovableError(
      `the failed creation of the stack ${name} is still being rolled back; nothing was deleted. ` +
        'Run the command again in a few minutes, when the status of the stack is ROLLBACK_COMPLETE',
    )
  if (status === undefined) throw new NotRemovableError(`there is no stack ${name}, so no creation has failed`)
  if (!REMOVABLE.includes(status) || !(await stack.creationFailed()))
    throw new NotRemovableError(
      `the stack ${name} has the status ${status}, and its creation has not failed; nothing was deleted. ` +
        'To delete a deployment with its data, see "Removing it" in infra/RUNBOOK.md',
    )
  const created = (await stack.resources()).flatMap(({ type, id }): LeftStore[] => {
    const kind = KINDS[type]
    return kind === undefined ? [] : [{ kind, id }]
  })
  const kept = created.filter(({ id }) => isExisting(id, existing))
  // A key that the stack has created may encrypt a store that is kept.
  const left = created.filter((store) => !kept.includes(store) && (store.kind !== 'key' || kept.length === 0))
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

const isExisting = (id: string, existing: Settings['existing']): boolean =>
  [
    existing.resource_table,
    existing.blob_bucket,
    existing.restore_bucket,
    existing.key_arn?.split('/').at(-1),
  ].includes(id)

const TIMEOUT_SECONDS = 600
/** The pauses between reads of the status of a table, in seconds. An empty table changes within seconds. */
const TABLE_POLLING = { minDelay: 1, maxDelay: 10 }
/** KMS accepts 7 to 30 days. In this time, the deletion can be cancelled. */
const KEY_DAYS = 7

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name)

/** Returns true if the event says that the stack itself has created the resource, or has begun to create it. */
const isCreated = ({ ResourceStatus, ResourceStatusReason }: StackEvent): boolean =>
  ResourceStatus === 'CREATE_COMPLETE' ||
  (ResourceStatus === 'CREATE_IN_PROGRESS' && ResourceStatusReason === 'Resource creation Initiated')

/**
 * Returns true if the event says that the name of the resource was taken. The resource then belongs to somebody else.
 */
const isTaken = ({ ResourceStatus, ResourceStatusReason = '' }: StackEvent): boolean =>
  ResourceStatus === 'CREATE_FAILED' && /already ?exists|already own/i.test(ResourceStatusReason)

class CloudFormationStack implements FailedStack {
  readonly #client: CloudFormationClient
  /**
   * The name of the stack, and its id after the status was read. A deletion can end while the command works, and
   * CloudFormation then knows the stack only by its id.
   */
  #id: string

  constructor(client: CloudFormationClient, name: string) {
    this.#client = client
    this.#id = name
  }

  async status(): Promise<string | undefined> {
    try {
      const { Stacks = [] } = await this.#client.send(new DescribeStacksCommand({ StackName: this.#id }))
      this.#id = Stacks[0]?.StackId ?? this.#id
      return Stacks[0]?.StackStatus
    } catch (error) {
      if (isNamed(error, 'ValidationError')) return undefined
      throw error
    }
  }

  async creationFailed(): Promise<boolean> {
    return (await this.#events()).some(
      ({ StackId, PhysicalResourceId, ResourceStatus = '' }) =>
        PhysicalResourceId === StackId && CREATION_FAILED.includes(ResourceStatus),
    )
  }

  async resources(): Promise<readonly { readonly type: string; readonly id: string }[]> {
    // The list of resources of a stack that was rolled back is not used: it may lack the resources that were retained.
    const events = await this.#events()
    const taken = new Set(events.filter(isTaken).map(({ LogicalResourceId }) => LogicalResourceId))
    const left = new Map<string, { readonly type: string; readonly id: string }>()
    for (const event of events) {
      const { ResourceType: type, PhysicalResourceId: id = '', LogicalResourceId } = event
      if (type !== undefined && id !== '' && isCreated(event) && !taken.has(LogicalResourceId))
        left.set(id, { type, id })
    }
    return [...left.values()]
  }

  async delete(): Promise<void> {
    const status = await this.status()
    if (status === undefined || status === 'DELETE_COMPLETE') return
    const stack = { StackName: this.#id }
    if (status !== 'DELETE_IN_PROGRESS') {
      await this.#client.send(new UpdateTerminationProtectionCommand({ ...stack, EnableTerminationProtection: false }))
      await this.#client.send(new DeleteStackCommand(stack))
    }
    await waitUntilStackDeleteComplete({ client: this.#client, maxWaitTime: TIMEOUT_SECONDS }, stack)
  }

  async #events(): Promise<readonly StackEvent[]> {
    const events: StackEvent[] = []
    for await (const { StackEvents = [] } of paginateDescribeStackEvents(
      { client: this.#client },
      { StackName: this.#id },
    ))
      events.push(...StackEvents)
    return events
  }
}

/** Returns a stack of the account and region of the current credentials. */
export const cloudFormationStack = (name: string, client = new CloudFormationClient()): FailedStack =>
  new CloudFormationStack(client, name)

/** Returns true if an interrupted run has begun to delete the table. */
const isBeingDeleted = async (dynamo: DynamoDBClient, TableName: string): Promise<boolean> => {
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }))
  return Table?.TableStatus === 'DELETING'
}

/** Deletes a table, unless an interrupted run is already deleting it, and waits until it no longer exists. */
const deleteTable = async (dynamo: DynamoDBClient, TableName: string): Promise<void> => {
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }))
  if (Table?.TableStatus !== 'DELETING') {
    if (Table?.DeletionProtectionEnabled === true) {
      await dynamo.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }))
      await waitUntilTableExists({ client: dynamo, maxWaitTime: TIMEOUT_SECONDS, ...TABLE_POLLING }, { TableName })
    }
    await dynamo.send(new DeleteTableCommand({ TableName }))
  }
  // The next deployment creates a table with the same name.
  await waitUntilTableNotExists({ client: dynamo, maxWaitTime: TIMEOUT_SECONDS, ...TABLE_POLLING }, { TableName })
}

/** Returns the stores of the account and region of the current credentials. */
export const accountStores = (
  dynamo = new DynamoDBClient(),
  s3 = new S3Client(),
  kms = new KMSClient(),
): LeftStores => ({
  isEmpty: async ({ kind, id }) => {
    try {
      if (kind === 'table') {
        if (await isBeingDeleted(dynamo, id)) return true
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
      else await deleteTable(dynamo, id)
      return true
    } catch (error) {
      // An earlier attempt may have deleted the store. A key whose deletion is scheduled has an invalid state.
      if (isNamed(error, 'NoSuchBucket', 'ResourceNotFoundException', 'KMSInvalidStateException')) return false
      throw error
    }
  },
})
