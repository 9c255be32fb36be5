import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { type Program, startProgram } from '../../infra/local/program.ts'
import { dynamoDB, s3 } from '../../shared/runtime/clients.ts'
import type { Limits } from '../../shared/runtime/limits.ts'
import type { Item } from '../../shared/resources/item.ts'
import { type Contents, contentsOf, type Outside, putItems, removeItems, wipe } from '../contents.ts'

const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/** An archive that another hand wrote, with its models: character 47, guild 12, item 63 resources, 84 blobs, 1 spilled payload. */
export const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../fixtures/acbak/${name}`, import.meta.url))

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

const Started = z.object({ job_id: z.string() })
const Ended = z.object({
  status: z.string(),
  result: z.unknown().optional(),
  error: z.looseObject({ status: z.number() }).optional(),
})

/** The local program on free ports and a folder of its own, with the clients of someone outside. */
export class TestProgram {
  readonly program: Program
  readonly dynamo: ReturnType<typeof dynamoDB>
  readonly s3: ReturnType<typeof s3>
  readonly dir: string

  constructor(program: Program, dir: string) {
    this.program = program
    this.dir = dir
    this.dynamo = dynamoDB({ region: 'us-east-1', endpoint: program.dynamoEndpoint, credentials: CREDENTIALS })
    this.s3 = s3({ region: 'us-east-1', endpoint: program.s3Endpoint, credentials: CREDENTIALS })
  }

  static async start(
    options: { limits?: Partial<Limits>; env?: Record<string, string>; dir?: string } = {},
  ): Promise<TestProgram> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'specstar-test-')))
    const program = await startProgram({
      port: 0,
      s3Port: 0,
      dynamoDbPort: 0,
      dataDir: dir,
      env: options.env ?? {},
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    })
    return new TestProgram(program, dir)
  }

  async stop(): Promise<void> {
    await this.program.stop()
    await rm(this.dir, { recursive: true, force: true })
  }

  async ask(
    method: string,
    path: string,
    body?: Buffer | object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isBytes = Buffer.isBuffer(body)
    const response = await fetch(`${this.program.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as unknown),
    }
  }

  /** As `ask`, but where the job still runs, waits for its end and answers with its result (or its error). */
  async run(method: string, path: string, body?: Buffer | object, headers?: Record<string, string>): Promise<Answer> {
    const answer = await this.ask(method, path, body, headers)
    if (answer.status !== 202) return answer
    const { job_id } = Started.parse(answer.body)
    for (;;) {
      const job = Ended.parse((await this.ask('GET', `/_backup/jobs/${job_id}`)).body)
      if (job.error !== undefined) return { ...answer, status: job.error.status, body: job.error }
      if (!['queued', 'running'].includes(job.status)) return { ...answer, status: 200, body: job.result }
      await sleep(100)
    }
  }

  /** Everything in the resource table and the blob bucket. */
  contents(): Promise<Contents> {
    return contentsOf(this.#outside())
  }

  async object(key: string, bucket = this.program.services.config.buckets.blobs): Promise<Buffer> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }

  async putObject(key: string, bytes: Buffer, bucket = this.program.services.config.buckets.blobs): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
  }

  async putItem(item: Item): Promise<void> {
    await this.dynamo.send(new PutItemCommand({ TableName: this.program.services.config.tables.resources, Item: item }))
  }

  /** Writes items as they are, past the program. */
  putItems(items: Iterable<Item>): Promise<void> {
    return putItems(this.#outside(), items)
  }

  removeItems(items: Iterable<Item>): Promise<void> {
    return removeItems(this.#outside(), items)
  }

  /** Empties the store: what a disaster leaves. */
  wipe(): Promise<void> {
    return wipe(this.#outside())
  }

  #outside(): Outside {
    return { dynamo: this.dynamo, s3: this.s3, config: this.program.services.config }
  }
}
