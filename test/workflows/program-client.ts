import { setTimeout as sleep } from 'node:timers/promises'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import * as z from 'zod'
import { dynamoDB, s3 } from '../../shared/runtime/clients.ts'
import type { Config } from '../../shared/runtime/config.ts'
import type { Item } from '../../shared/tables/item.ts'
import { checkAnswer, routeKeyOf } from '../functions/openapi/answer-checks.ts'
import { type StoreContents, readContents, type StoreClients, putItems, removeItems, wipe } from '../contents.ts'
import { testCredentials } from '../services.ts'

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

/** The endpoints of a local program. */
interface ProgramEndpoints {
  readonly url: string
  readonly s3Endpoint: string
  readonly dynamoEndpoint: string
  readonly config: Config
}

/** Access to a local program from outside: its HTTP API, and plain clients of its DynamoDB and S3. */
export class ProgramClient implements StoreClients {
  readonly url: string
  readonly config: Config
  readonly dynamo: ReturnType<typeof dynamoDB>
  readonly s3: ReturnType<typeof s3>

  constructor({ url, s3Endpoint, dynamoEndpoint, config }: ProgramEndpoints) {
    this.url = url
    this.config = config
    const credentials = testCredentials()
    this.dynamo = dynamoDB({ region: 'us-east-1', endpoint: dynamoEndpoint, credentials })
    this.s3 = s3({ region: 'us-east-1', endpoint: s3Endpoint, credentials })
  }

  async request(
    method: string,
    path: string,
    body?: Buffer | object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isBytes = Buffer.isBuffer(body)
    const response = await fetch(`${this.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    })
    const text = await response.text()
    const routeKey = routeKeyOf(method, path)
    const contentType = response.headers.get('content-type') ?? undefined
    if (routeKey !== undefined) checkAnswer(routeKey, { status: response.status, contentType, body: text })
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as unknown),
    }
  }

  /** Like `request`. If the job is still running, waits until it ends and returns its result or its error. */
  async requestAndWait(
    method: string,
    path: string,
    body?: Buffer | object,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const answer = await this.request(method, path, body, headers)
    if (answer.status !== 202) return answer
    const { job_id } = Started.parse(answer.body)
    for (;;) {
      const job = Ended.parse((await this.request('GET', `/_backup/jobs/${job_id}`)).body)
      if (job.error !== undefined) return { ...answer, status: job.error.status, body: job.error }
      if (!['queued', 'running'].includes(job.status)) return { ...answer, status: 200, body: job.result }
      await sleep(100)
    }
  }

  /** Reads everything in the resource table and the blob bucket. */
  contents(): Promise<StoreContents> {
    return readContents(this)
  }

  async object(key: string, bucket = this.config.buckets.blobs): Promise<Buffer> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }

  async putObject(key: string, bytes: Buffer, bucket = this.config.buckets.blobs): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
  }

  async putItem(item: Item): Promise<void> {
    await this.dynamo.send(new PutItemCommand({ TableName: this.config.tables.resources, Item: item }))
  }

  /** Writes items to the table, without the program. */
  putItems(items: Iterable<Item>): Promise<void> {
    return putItems(this, items)
  }

  removeItems(items: Iterable<Item>): Promise<void> {
    return removeItems(this, items)
  }

  /** Deletes all items and blobs. */
  wipe(): Promise<void> {
    return wipe(this)
  }
}
