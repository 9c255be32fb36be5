import { CreateTableCommand, type CreateTableCommandInput, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EXISTING_STORES } from '../../shared/jobs/check-stores.ts'
import { restoreRequest } from '../../shared/restore/request.ts'
import { openSlot } from '../../shared/restore/start/upload-slot.ts'
import type { Config } from '../../shared/runtime/config.ts'
import { buildResource, writeToStore } from './sample-store.ts'
import { JobFailedError, WorkflowRunner } from './workflow-runner.ts'

const GOOD_KEYS = { pk: 'S', sk: 'S' } as const

describe('a deployment that uses stores of others', () => {
  let runner: WorkflowRunner
  let archive: Buffer

  /** Creates a table. `keys` contains the types of its partition key and sort key. */
  const createTable = async (keys: Readonly<Record<string, 'S' | 'N'>>): Promise<string> => {
    const TableName = `others-${randomUUID()}`
    const input: CreateTableCommandInput = {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: Object.entries(keys).map(([name, type]) => ({ AttributeName: name, AttributeType: type })),
      KeySchema: Object.keys(keys).map((name, k) => ({ AttributeName: name, KeyType: k === 0 ? 'HASH' : 'RANGE' })),
    }
    const client = runner.clients.dynamo
    await client.send(new CreateTableCommand(input))
    await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { TableName })
    return TableName
  }

  const createBucket = async ({ versioned = true, events = true }): Promise<string> => {
    const { s3 } = runner.clients
    const Bucket = `others-${randomUUID()}`
    await s3.send(new CreateBucketCommand({ Bucket }))
    if (versioned)
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    const NotificationConfiguration = { EventBridgeConfiguration: {} }
    if (events) await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }))
    return Bucket
  }

  /** Deploys with existing stores, of which `names` replaces the names. */
  const deploy = async (names: { table?: string; blobs?: string; restores?: string }): Promise<Partial<Config>> => {
    const { tables, buckets } = runner.clients.config
    const changes = {
      existing_stores: EXISTING_STORES,
      tables: { ...tables, resources: names.table ?? (await createTable(GOOD_KEYS)) },
      buckets: {
        ...buckets,
        blobs: names.blobs ?? (await createBucket({ events: false })),
        restores: names.restores ?? (await createBucket({})),
      },
    }
    await runner.deploy(changes)
    return changes
  }

  const problemOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => (error instanceof JobFailedError ? error.error : error),
    )
  const problemWith = (findings: readonly string[]) =>
    expect.objectContaining({ type: expect.stringContaining('existing-stores-invalid') as string, findings }) as unknown
  const exportCities = (): Promise<unknown> => runner.export(['city'])
  /** Restores the archive. Returns the problem of the job, or undefined if the job has succeeded. */
  const restoreCities = async (): Promise<unknown> => (await runner.restore(archive)).error
  const openUploadSlot = (): Promise<unknown> => {
    const request = restoreRequest(
      { on_duplicate: 'skip', dry_run: false, strict: true, filters: {} },
      runner.services.models,
    )
    return openSlot(runner.services, request, { requestedBy: 'test', idempotencyKey: randomUUID() })
  }

  beforeAll(async () => {
    runner = await WorkflowRunner.start()
    const city = buildResource(runner.services.models, { model: 'city', id: 'a', payloads: [{ name: 'A' }] })
    await writeToStore(runner.clients, city)
    archive = (await runner.export(['city'])).archive
  })
  afterAll(() => runner.stop())
  beforeEach(() => runner.deploy({}))

  it('exports and restores them, and opens upload slots', async () => {
    await deploy({})
    expect(await restoreCities()).toBeUndefined()
    await exportCities()
    await openUploadSlot()
  })

  it.each([
    [{ id: 'S' }, 'partition key id (S)'],
    [{ pk: 'S' }, 'partition key pk (S)'],
    [{ pk: 'S', sk: 'N' }, 'partition key pk (S), sort key sk (N)'],
    [{ sk: 'S', pk: 'S' }, 'partition key sk (S), sort key pk (S)'],
  ] as const)('ends exports and restores before they read a table with the keys %o', async (keys, found) => {
    const table = await createTable(keys)
    await deploy({ table })
    const problem = problemWith([
      `existing.resource_table: the table ${table} must have the keys "partition key pk (S), sort key sk (S)", ` +
        `but it has "${found}"`,
    ])
    expect(await problemOf(exportCities())).toEqual(problem)
    expect(await restoreCities()).toEqual(problem)
  })

  it('ends exports and restores if the blob bucket keeps no versions', async () => {
    const blobs = await createBucket({ versioned: false })
    await deploy({ blobs })
    const problem = problemWith([`existing.blob_bucket: enable versioning of the bucket ${blobs}`])
    expect(await problemOf(exportCities())).toEqual(problem)
    expect(await restoreCities()).toEqual(problem)
  })

  it('ends restores and opens no slots if the restore bucket keeps no versions and sends no events', async () => {
    const restores = await createBucket({ versioned: false, events: false })
    await deploy({ restores })
    const findings = [
      `existing.restore_bucket: enable versioning of the bucket ${restores}`,
      `existing.restore_bucket: turn on EventBridge in the event notifications of the bucket ${restores}; ` +
        'otherwise, uploads start no restore',
    ]
    expect(await restoreCities()).toEqual(problemWith(findings))
    await expect(openUploadSlot()).rejects.toMatchObject({ name: 'ExistingStoresError', findings })
    await exportCities()
  })

  it('lists each table and bucket that does not exist once', async () => {
    await deploy({ table: 'missing-table', blobs: 'missing-blobs', restores: 'missing-restores' })
    expect(await restoreCities()).toEqual(
      problemWith([
        'existing.resource_table: the table missing-table does not exist in this account and region',
        'existing.blob_bucket: the bucket missing-blobs does not exist',
        'existing.restore_bucket: the bucket missing-restores does not exist',
      ]),
    )
  })

  it('repeats the check in every job, because the owner can change the settings', async () => {
    const blobs = await createBucket({})
    await deploy({ blobs })
    await exportCities()
    const VersioningConfiguration = { Status: 'Suspended' as const }
    await runner.clients.s3.send(new PutBucketVersioningCommand({ Bucket: blobs, VersioningConfiguration }))
    expect(await problemOf(exportCities())).toEqual(
      problemWith([`existing.blob_bucket: enable versioning of the bucket ${blobs}`]),
    )
  })

  it('does not check stores that it has created itself', async () => {
    const blobs = await createBucket({ versioned: false })
    const { buckets } = runner.clients.config
    await runner.deploy({ buckets: { ...buckets, blobs } })
    await exportCities()
  })
})
