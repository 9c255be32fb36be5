import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, PutObjectCommand, UploadPartCommand, CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { ChildError } from '../../../../infra/local/processes/start-child.ts'
import { startDynamoDb } from '../../../../infra/local/dynamodb/start-dynamodb.ts'
import { PortInUseError } from '../../../../infra/local/processes/port-in-use-error.ts'
import { startS3 } from '../../../../infra/local/s3/start-s3.ts'
import { bucket as Bucket, clientOf, credentials, runS3 } from '../s3/running-s3.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'child-processes-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const Service = z.object({ port: z.number(), pid: z.number() })
const Started = z.object({ s3: Service, dynamoDb: Service })

async function startBoth(ports: readonly number[] = []) {
  const path = fileURLToPath(new URL('both-services.ts', import.meta.url))
  const child = spawn(process.execPath, [path, dir, ...ports.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const [line] = z.tuple([z.string()]).parse(await once(lines, 'line'))
  return { child, ...Started.parse(JSON.parse(line)) }
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const dynamoDbClient = (port: number) =>
  new DynamoDBClient({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials })

const TableName = 'kept'
const Item = { pk: { S: 'a' }, n: { N: '1' } }

describe('two S3 services', () => {
  it('do not share their objects', async () => {
    const [one, two] = await Promise.all([runS3(), runS3()])
    try {
      await one.client.send(new PutObjectCommand({ Bucket, Key: 'mine', Body: 'x' }))
      await expect(two.client.send(new GetObjectCommand({ Bucket, Key: 'mine' }))).rejects.toThrow()
    } finally {
      await Promise.all([one.end(), two.end()])
    }
  })

  it('cannot use the same folder', async () => {
    const first = await startS3({ port: 0, dir })
    try {
      const error = await startS3({ port: 0, dir }).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(ChildError)
      expect(error).toMatchObject({
        message:
          `the local S3 service did not start: another process uses the data folder ${dir}. ` +
          'This is probably another instance of the local program: stop it. To run two instances, set DATA_DIR of one ' +
          'to another folder, and PORT, S3_PORT and DYNAMODB_PORT to other ports',
      })
    } finally {
      await first.stop()
    }
  })
})

describe('a database that cannot be opened', () => {
  it('is reported with the cause that LevelDB reports', async () => {
    await writeFile(join(dir, 'file'), '')
    await expect(startDynamoDb({ port: 0, dir: join(dir, 'file', 'tables') })).rejects.toThrow(/ENOTDIR/)
    await mkdir(join(dir, 'damaged'))
    await writeFile(join(dir, 'damaged', 'CURRENT'), 'no manifest\n')
    await expect(startDynamoDb({ port: 0, dir: join(dir, 'damaged') })).rejects.toThrow(
      'the local DynamoDB service did not start: Database failed to open: IO error: ',
    )
  })
})

describe('a port in use', () => {
  it('is reported with the port and the variable that sets it', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = z.object({ port: z.number() }).parse(blocker.address())
    try {
      const s3 = await startS3({ port, dir }).catch((error: unknown) => error)
      expect(s3).toBeInstanceOf(PortInUseError)
      expect(s3).toMatchObject({ port, message: expect.stringContaining('S3_PORT') as string })
      const dynamoDb = await startDynamoDb({ port }).catch((error: unknown) => error)
      expect(dynamoDb).toBeInstanceOf(PortInUseError)
      expect(dynamoDb).toMatchObject({ port, message: expect.stringContaining('DYNAMODB_PORT') as string })
    } finally {
      blocker.close()
    }
  })
})

describe('a local service', () => {
  it('frees its port and its folder when it is stopped', async () => {
    const first = await startS3({ port: 0, dir })
    await first.stop()
    expect(isRunning(first.pid)).toBe(false)
    const second = await startS3({ port: first.port, dir })
    await second.stop()
  })

  it('stops while a client keeps a connection open', async () => {
    const s3 = await runS3()
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }))
    await fetch(s3.endpoint)
    const start = Date.now()
    await s3.stop()
    expect(Date.now() - start).toBeLessThan(2_000)
    expect(isRunning(s3.pid)).toBe(false)
    await s3.end()
  })

  it('is reported if it exits unexpectedly', async () => {
    const onDied = vi.fn()
    const { pid } = await startS3({ port: 0, dir, onDied })
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => {
      expect(onDied).toHaveBeenCalledWith(expect.any(ChildError))
    })
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'exits when its parent process is terminated by %s',
    async (signal) => {
      const { child, s3, dynamoDb } = await startBoth()
      await kill(child, signal)
      await vi.waitFor(
        () => {
          expect([isRunning(s3.pid), isRunning(dynamoDb.pid)]).toEqual([false, false])
        },
        { timeout: 5_000 },
      )
    },
  )
})

describe('the data of the local services', () => {
  it('survives kill -9 in the middle of an upload, and is available at once on the same ports', async () => {
    const first = await startBoth()
    const client = clientOf(`http://127.0.0.1:${first.s3.port}`)
    await client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'still here', Metadata: { a: 'b' } }))
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'under-way' }))
    const table = dynamoDbClient(first.dynamoDb.port)
    await table.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      }),
    )
    await waitUntilTableExists({ client: table, maxWaitTime: 10, minDelay: 1 }, { TableName })
    await table.send(new PutItemCommand({ TableName, Item }))
    // All three processes are killed in the middle of an upload.
    const upload = client
      .send(new PutObjectCommand({ Bucket, Key: 'kept', Body: Buffer.alloc(50_000_000) }))
      .catch(() => 'connection lost')
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.kill(first.s3.pid, 'SIGKILL')
    process.kill(first.dynamoDb.pid, 'SIGKILL')
    await kill(first.child, 'SIGKILL')
    expect(await upload).toBe('connection lost')

    const second = await startBoth([first.s3.port, first.dynamoDb.port])
    try {
      const found = await client.send(new GetObjectCommand({ Bucket, Key: 'kept' }))
      expect(found.Metadata).toEqual({ a: 'b' })
      expect(await found.Body?.transformToString()).toBe('still here')
      await client.send(new UploadPartCommand({ Bucket, Key: 'under-way', UploadId, PartNumber: 1, Body: 'x' }))
      const key = { pk: { S: 'a' } }
      const item = await dynamoDbClient(second.dynamoDb.port).send(
        new GetItemCommand({ TableName, Key: key, ConsistentRead: true }),
      )
      expect(item.Item).toEqual(Item)
    } finally {
      await kill(second.child, 'SIGKILL')
    }
  })
})

describe('the memory of the local S3 service', () => {
  it('does not grow with the size of its objects', async () => {
    const s3 = await runS3()
    try {
      const Body = Buffer.alloc(96 * 1024 * 1024, 'x')
      await s3.client.send(new PutObjectCommand({ Bucket, Key: 'warm', Body: Body.subarray(0, 8_000_000) }))
      const before = await peakMemoryOf(s3.pid)
      for (const Key of ['a', 'b']) await s3.client.send(new PutObjectCommand({ Bucket, Key, Body }))
      const { Body: read } = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'b' }))
      expect(await read?.transformToByteArray()).toHaveLength(Body.length)
      expect((await peakMemoryOf(s3.pid)) - before).toBeLessThan(80)
    } finally {
      await s3.end()
    }
  })
})

/** The largest resident size of a process so far, in MiB. */
async function peakMemoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
}
