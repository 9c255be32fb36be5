import {
  CloudFormationClient,
  CloudFormationServiceException,
  type StackEvent,
  type StackStatus,
} from '@aws-sdk/client-cloudformation'
import { DynamoDBClient, ResourceNotFoundException, type TableStatus } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import {
  accountStores,
  cloudFormationStack,
  type FailedStack,
  type LeftStore,
  type LeftStores,
  NotRemovableError,
  removeFailedCreation,
} from '../../infra/failed-creation.ts'
import type { Settings } from '../../infra/settings.ts'

const TABLE = { type: 'AWS::DynamoDB::GlobalTable', id: 'shop-resources' }
const BUCKET = { type: 'AWS::S3::Bucket', id: 'shop-blobs-000000000000-us-east-1' }
/** An earlier attempt has deleted this bucket. */
const GONE = { type: 'AWS::S3::Bucket', id: 'shop-work-000000000000-us-east-1' }
const KEY = { type: 'AWS::KMS::Key', id: '1234abcd' }
const POLICY = { type: 'AWS::S3::BucketPolicy', id: 'policy' }

interface LeftBehind {
  /** The ids of the stores that contain data. */
  readonly used?: readonly string[]
  readonly creationFailed?: boolean
  readonly existing?: Settings['existing']
}

/** A stack whose creation has left stores behind, and a list of everything that is deleted, in order. */
const leftBehind = (status: string | undefined, options: LeftBehind = {}) => {
  const { used = [], creationFailed = true, existing } = options
  const deleted: string[] = []
  const stack: FailedStack = {
    status: () => Promise.resolve(status),
    creationFailed: () => Promise.resolve(creationFailed),
    resources: () => Promise.resolve([TABLE, BUCKET, POLICY, GONE, KEY]),
    delete: () => {
      deleted.push('stack')
      return Promise.resolve()
    },
  }
  const stores: LeftStores = {
    isEmpty: ({ id }) => Promise.resolve(!used.includes(id)),
    delete: ({ id }) => {
      if (id === GONE.id) return Promise.resolve(false)
      deleted.push(id)
      return Promise.resolve(true)
    },
  }
  const remove = (): Promise<readonly LeftStore[]> => removeFailedCreation('shop-data', stack, stores, existing)
  return { deleted, remove }
}

describe('after a failed first creation of the data stack', () => {
  it.each(['CREATE_FAILED', 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'DELETE_FAILED', 'DELETE_IN_PROGRESS'])(
    'removes the empty stores, and then the stack with the status %s',
    async (status) => {
      const { deleted, remove } = leftBehind(status)
      expect(await remove()).toEqual([
        { kind: 'table', id: TABLE.id },
        { kind: 'bucket', id: BUCKET.id },
        { kind: 'key', id: KEY.id },
      ])
      expect(deleted).toEqual([TABLE.id, BUCKET.id, KEY.id, 'stack'])
    },
  )

  it('removes nothing if a store contains data, and names the store', async () => {
    const { deleted, remove } = leftBehind('ROLLBACK_COMPLETE', { used: [BUCKET.id] })
    await expect(remove()).rejects.toThrow(NotRemovableError)
    await expect(remove()).rejects.toThrow(
      'these stores contain data, so nothing was deleted: bucket shop-blobs-000000000000-us-east-1',
    )
    expect(deleted).toEqual([])
  })

  it.each(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_FAILED', 'CREATE_IN_PROGRESS'])(
    'removes nothing of a stack with the status %s',
    async (status) => {
      const { deleted, remove } = leftBehind(status)
      await expect(remove()).rejects.toThrow(`the stack shop-data has the status ${status}`)
      expect(deleted).toEqual([])
    },
  )

  it('removes nothing while the creation is being rolled back, and says to wait', async () => {
    const { deleted, remove } = leftBehind('ROLLBACK_IN_PROGRESS')
    await expect(remove()).rejects.toThrow('is still being rolled back; nothing was deleted. Run the command again in')
    expect(deleted).toEqual([])
  })

  it('removes nothing of a stack that was created successfully and could not be deleted later', async () => {
    const { deleted, remove } = leftBehind('DELETE_FAILED', { creationFailed: false })
    await expect(remove()).rejects.toThrow('the stack shop-data has the status DELETE_FAILED')
    expect(deleted).toEqual([])
  })

  it.each([
    [{ blob_bucket: BUCKET.id }, [TABLE.id]],
    [{ resource_table: TABLE.id, blob_bucket: BUCKET.id }, []],
    [{ key_arn: `arn:aws:kms:us-east-1:000000000000:key/${KEY.id}` }, [TABLE.id, BUCKET.id]],
  ])('keeps the stores of the setting `existing`, and the key that encrypts them: %j', async (existing, others) => {
    const { deleted, remove } = leftBehind('ROLLBACK_COMPLETE', { existing })
    await remove()
    expect(deleted).toEqual([...others, 'stack'])
  })

  it('reports that there is no stack', async () => {
    const { deleted, remove } = leftBehind(undefined)
    await expect(remove()).rejects.toThrow('there is no stack shop-data')
    expect(deleted).toEqual([])
  })
})

/** A table of which DynamoDB returns the statuses one after the other, and then that it does not exist. */
const tableWith = (statuses: TableStatus[], { DeletionProtectionEnabled = false } = {}) => {
  const client = new DynamoDBClient({ region: 'us-east-1' })
  const commands: string[] = []
  client.middlewareStack.add(
    (_next, { commandName = '' }) =>
      () => {
        commands.push(commandName)
        if (commandName === 'DeleteTableCommand') statuses.push('DELETING')
        const TableStatus = commandName === 'DescribeTableCommand' ? statuses.shift() : 'ACTIVE'
        if (TableStatus === undefined)
          throw new ResourceNotFoundException({ message: 'Requested resource not found', $metadata: {} })
        const Table = { TableStatus, DeletionProtectionEnabled }
        return Promise.resolve({ output: { $metadata: {}, Table, Items: [] }, response: {} })
      },
    { step: 'initialize', priority: 'high' },
  )
  return { commands, stores: accountStores(client) }
}

describe('a table that the failed creation has left behind', () => {
  const table = { kind: 'table', id: TABLE.id } as const

  it('is deleted without its protection', async () => {
    const { commands, stores } = tableWith(['ACTIVE', 'ACTIVE'], { DeletionProtectionEnabled: true })
    expect(await stores.delete(table)).toBe(true)
    expect(commands.filter((command) => command !== 'DescribeTableCommand')).toEqual([
      'UpdateTableCommand',
      'DeleteTableCommand',
    ])
  })

  it('is not deleted again while it is being deleted, and the command waits until it no longer exists', async () => {
    const { commands, stores } = tableWith(['DELETING', 'DELETING', 'DELETING'])
    expect(await stores.isEmpty(table)).toBe(true)
    expect(await stores.delete(table)).toBe(true)
    expect(new Set(commands)).toEqual(new Set(['DescribeTableCommand']))
    await expect(stores.delete(table)).resolves.toBe(false)
  }, 60_000)
})

const STACK_ID = 'arn:aws:cloudformation:us-east-1:000000000000:stack/shop-data/1'

/** Returns the stack of which CloudFormation returns these events. */
const stackWith = (events: readonly Partial<StackEvent>[]): FailedStack => {
  const client = new CloudFormationClient({ region: 'us-east-1' })
  client.middlewareStack.add(
    () => () =>
      Promise.resolve({
        output: { $metadata: {}, StackEvents: events.map((event) => ({ StackId: STACK_ID, ...event })) },
        response: {},
      }),
    { step: 'initialize', priority: 'high' },
  )
  return cloudFormationStack('shop-data', client)
}

const stackEvent = (ResourceStatus: StackEvent['ResourceStatus']): Partial<StackEvent> => ({
  PhysicalResourceId: STACK_ID,
  ResourceStatus,
})

const bucketEvent = (
  ResourceStatus: StackEvent['ResourceStatus'],
  ResourceStatusReason?: string,
): Partial<StackEvent> => ({
  LogicalResourceId: 'BlobBucket',
  ResourceType: BUCKET.type,
  PhysicalResourceId: BUCKET.id,
  ResourceStatus,
  ResourceStatusReason,
})

const INITIATED = 'Resource creation Initiated'

describe('the events of a stack', () => {
  it.each<[boolean, StackEvent['ResourceStatus'][]]>([
    [true, ['DELETE_FAILED', 'ROLLBACK_COMPLETE', 'ROLLBACK_IN_PROGRESS', 'CREATE_IN_PROGRESS']],
    [true, ['CREATE_FAILED', 'CREATE_IN_PROGRESS']],
    [false, ['DELETE_FAILED', 'DELETE_IN_PROGRESS', 'CREATE_COMPLETE', 'CREATE_IN_PROGRESS']],
    [false, ['DELETE_FAILED', 'DELETE_IN_PROGRESS']],
  ])('prove that its creation failed: %j for the statuses %j', async (failed, statuses) => {
    // The failure of a resource, for example in a later update, proves nothing.
    const events = [bucketEvent('CREATE_FAILED'), ...statuses.map(stackEvent)]
    expect(await stackWith(events).creationFailed()).toBe(failed)
  })

  it('contain the resources that it has created, also those whose creation was cancelled', async () => {
    expect(await stackWith([bucketEvent('CREATE_COMPLETE'), bucketEvent('CREATE_IN_PROGRESS')]).resources()).toEqual([
      BUCKET,
    ])
    const cancelled = [
      bucketEvent('CREATE_FAILED', 'Resource creation cancelled'),
      bucketEvent('CREATE_IN_PROGRESS', INITIATED),
    ]
    expect(await stackWith(cancelled).resources()).toEqual([BUCKET])
  })

  it.each([
    'shop-blobs already exists',
    "Resource of type 'AWS::S3::Bucket' with identifier 'shop-blobs' already exists. (HandlerErrorCode: AlreadyExists)",
    'Your previous request to create the named bucket succeeded and you already own it.',
  ])('do not make it the owner of a bucket whose name was taken: %s', async (reason) => {
    const events = [bucketEvent('CREATE_FAILED', reason), bucketEvent('CREATE_IN_PROGRESS', INITIATED)]
    expect(await stackWith(events).resources()).toEqual([])
    expect(
      await stackWith([bucketEvent('CREATE_FAILED', reason), bucketEvent('CREATE_IN_PROGRESS')]).resources(),
    ).toEqual([])
  })
})

/** A stack of which CloudFormation returns the statuses one after the other, and then that its name is unknown. */
const deletedStack = (statuses: StackStatus[], { isKnownById = true } = {}) => {
  const client = new CloudFormationClient({ region: 'us-east-1' })
  const commands: string[] = []
  client.middlewareStack.add(
    (_next, { commandName = '' }) =>
      ({ input }) => {
        const { StackName } = input as { StackName: string }
        if (commandName === 'DescribeStackEventsCommand') commands.push(`events of ${StackName}`)
        else if (commandName !== 'DescribeStacksCommand') commands.push(commandName)
        const isDescribed = commandName === 'DescribeStacksCommand'
        const StackStatus = isDescribed ? (statuses.shift() ?? 'DELETE_COMPLETE') : 'DELETE_COMPLETE'
        if (isDescribed && StackStatus === 'DELETE_COMPLETE' && !(isKnownById && StackName === STACK_ID))
          throw new CloudFormationServiceException({
            name: 'ValidationError',
            message: `Stack with id ${StackName} does not exist`,
            $fault: 'client',
            $metadata: {},
          })
        const Stacks = [{ StackId: STACK_ID, StackStatus }]
        return Promise.resolve({ output: { $metadata: {}, Stacks, StackEvents: [] }, response: {} })
      },
    { step: 'initialize', priority: 'high' },
  )
  return { commands, stack: cloudFormationStack('shop-data', client) }
}

describe('a stack whose creation failed', () => {
  const DELETE = ['UpdateTerminationProtectionCommand', 'DeleteStackCommand']

  it('is deleted without its protection', async () => {
    const { commands, stack } = deletedStack(['ROLLBACK_COMPLETE'])
    await stack.delete()
    expect(commands).toEqual(DELETE)
  })

  it.each([true, false])(
    'is not deleted again if its deletion ends while the command works (returned by its id: %s)',
    async (isKnownById) => {
      const { commands, stack } = deletedStack(['DELETE_IN_PROGRESS'], { isKnownById })
      expect(await stack.status()).toBe('DELETE_IN_PROGRESS')
      await stack.delete()
      expect(commands).toEqual([])
    },
  )

  it('is identified by its id, because CloudFormation knows the name of a deleted stack no longer', async () => {
    const { commands, stack } = deletedStack(['DELETE_IN_PROGRESS'])
    await stack.status()
    await stack.creationFailed()
    await stack.resources()
    expect(commands).toEqual([`events of ${STACK_ID}`, `events of ${STACK_ID}`])
  })
})
