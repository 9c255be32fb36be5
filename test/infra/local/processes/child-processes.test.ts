import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, PutObjectCommand, UploadPartCommand, CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { ChildError } from '../../../../infra/local/processes/start-child.ts'
import { startDynamoDb } from '../../../../infra/local/dynamodb/start-dynamodb.ts'
import { PortInUseError } from '../../../../infra/local/processes/port-in-use-error.ts'
import { startS3 } from '../../../../infra/local/s3.ts'
import { bucket as Bucket, clientOf, credentials, runS3 } from '../running-s3.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stand-ins-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const Place = z.object({ port: z.number(), pid: z.number() })
const Started = z.object({ s3: Place, dynamoDb: Place })

async function program(ports: readonly number[] = []) {
  const path = fileURLToPath(new URL('both-services.ts', import.meta.url))
  const child = spawn(process.execPath, [path, dir, ...ports.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const [line] = z.tuple([z.string()]).parse(await once(lines, 'line'))
  return { child, ...Started.parse(JSON.parse(line)) }
}

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const tableOf = (port: number) =>
  new DynamoDBClient({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials })

const TableName = 'kept'
const Item = { pk: { S: 'a' }, n: { N: '1' } }

describe('two programs', () => {
  it('side by side do not see each other', async () => {
    const [one, two] = await Promise.all([runS3(), runS3()])
    try {
      await one.client.send(new PutObjectCommand({ Bucket, Key: 'mine', Body: 'x' }))
      await expect(two.client.send(new GetObjectCommand({ Bucket, Key: 'mine' }))).rejects.toThrow()
    } finally {
      await Promise.all([one.end(), two.end()])
    }
  })

  it('cannot have one folder', async () => {
    const first = await startS3({ port: 0, dir })
    try {
      await expect(startS3({ port: 0, dir })).rejects.toThrow(ChildError)
    } finally {
      await first.stop()
    }
  })
})

describe('a busy port', () => {
  it('is an error that names it, and the variable that chooses another', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = z.object({ port: z.number() }).parse(taken.address())
    try {
      const s3 = await startS3({ port, dir }).catch((error: unknown) => error)
      expect(s3).toBeInstanceOf(PortInUseError)
      expect(s3).toMatchObject({ port, message: expect.stringContaining('S3_PORT') as string })
      const dynamoDb = await startDynamoDb({ port }).catch((error: unknown) => error)
      expect(dynamoDb).toBeInstanceOf(PortInUseError)
      expect(dynamoDb).toMatchObject({ port, message: expect.stringContaining('DYNAMODB_PORT') as string })
    } finally {
      taken.close()
    }
  })
})

describe('a stand-in', () => {
  it('ends when it is stopped, and frees its port and folder', async () => {
    const first = await startS3({ port: 0, dir })
    await first.stop()
    expect(lives(first.pid)).toBe(false)
    const second = await startS3({ port: first.port, dir })
    await second.stop()
  })

  it('stops while a client keeps its connection', async () => {
    const s3 = await runS3()
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }))
    await fetch(s3.endpoint)
    const begun = Date.now()
    await s3.stop()
    expect(Date.now() - begun).toBeLessThan(2_000)
    expect(lives(s3.pid)).toBe(false)
    await s3.end()
  })

  it('that dies by itself is reported', async () => {
    const onDied = vi.fn()
    const { pid } = await startS3({ port: 0, dir, onDied })
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => {
      expect(onDied).toHaveBeenCalledWith(expect.any(ChildError))
    })
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('does not outlive its program, ended by %s', async (signal) => {
    const { child, s3, dynamoDb } = await program()
    await killed(child, signal)
    await vi.waitFor(
      () => {
        expect([lives(s3.pid), lives(dynamoDb.pid)]).toEqual([false, false])
      },
      { timeout: 5_000 },
    )
  })
})

describe('data', () => {
  it('is there after a kill -9, on the same ports at once, and leftovers are swept', async () => {
    const first = await program()
    const client = clientOf(`http://127.0.0.1:${first.s3.port}`)
    await client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'still here', Metadata: { a: 'b' } }))
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'under-way' }))
    const table = tableOf(first.dynamoDb.port)
    await table.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      }),
    )
    await table.send(new PutItemCommand({ TableName, Item }))
    // killed in the middle of an upload, all three processes at once
    const cut = client
      .send(new PutObjectCommand({ Bucket, Key: 'kept', Body: Buffer.alloc(50_000_000) }))
      .catch(() => 'cut')
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.kill(first.s3.pid, 'SIGKILL')
    process.kill(first.dynamoDb.pid, 'SIGKILL')
    await killed(first.child, 'SIGKILL')
    expect(await cut).toBe('cut')

    const second = await program([first.s3.port, first.dynamoDb.port])
    try {
      const found = await client.send(new GetObjectCommand({ Bucket, Key: 'kept' }))
      expect(found.Metadata).toEqual({ a: 'b' })
      expect(await found.Body?.transformToString()).toBe('still here')
      await client.send(new UploadPartCommand({ Bucket, Key: 'under-way', UploadId, PartNumber: 1, Body: 'x' }))
      const key = { pk: { S: 'a' } }
      const item = await tableOf(second.dynamoDb.port).send(
        new GetItemCommand({ TableName, Key: key, ConsistentRead: true }),
      )
      expect(item.Item).toEqual(Item)
    } finally {
      await killed(second.child, 'SIGKILL')
    }
  })
})

describe('the memory of the S3 stand-in', () => {
  it('does not grow with its objects', async () => {
    const s3 = await runS3()
    try {
      const Body = Buffer.alloc(96 * 1024 * 1024, 'x')
      await s3.client.send(new PutObjectCommand({ Bucket, Key: 'warm', Body: Body.subarray(0, 8_000_000) }))
      const before = await peakOf(s3.pid)
      for (const Key of ['a', 'b']) await s3.client.send(new PutObjectCommand({ Bucket, Key, Body }))
      const { Body: read } = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'b' }))
      expect(await read?.transformToByteArray()).toHaveLength(Body.length)
      expect((await peakOf(s3.pid)) - before).toBeLessThan(80)
    } finally {
      await s3.end()
    }
  })
})

/** The largest resident size of a process so far, in MiB. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
}
