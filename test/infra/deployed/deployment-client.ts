import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import type { StoreClients } from '../../contents.ts'
import type { LocalDeployment } from './local-deployment.ts'

const MINUTE_MS = 60_000

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> & { readonly job_id: string }
}

/** Sends requests and events to a deployment. */
export class DeploymentClient {
  readonly #deployment: LocalDeployment
  readonly #clients: StoreClients

  constructor(deployment: LocalDeployment, clients: StoreClients) {
    this.#deployment = deployment
    this.#clients = clients
  }

  async request(method: string, path: string, body?: object | Buffer): Promise<Answer> {
    const isBytes = Buffer.isBuffer(body)
    const response = await fetch(this.#deployment.url + path, {
      method,
      redirect: 'manual',
      ...(body === undefined
        ? {}
        : {
            body: isBytes ? new Uint8Array(body) : JSON.stringify(body),
            headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
          }),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] }
  }

  /** Invokes a function, and returns its result. */
  invoke(name: string, event: object): Promise<unknown> {
    return this.#deployment.function(name).invoke(event, MINUTE_MS)
  }

  /** Writes an object to the restore bucket, and waits for its restore. */
  async upload(key: string, body: Buffer): Promise<void> {
    const { s3, config } = this.#clients
    await s3.send(new PutObjectCommand({ Bucket: config.buckets.restores, Key: key, Body: body }))
    await this.sendUploadEvent(key)
  }

  /** Sends the event of an upload to its function and waits for the restore. */
  async sendUploadEvent(key: string): Promise<void> {
    const { s3, config } = this.#clients
    const bucket = config.buckets.restores
    const { ETag = '', VersionId } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
    const object = { key, etag: ETag.replaceAll('"', ''), 'version-id': VersionId, sequencer: '1' }
    await this.invoke('upload', { detail: { bucket: { name: bucket }, object } })
    for (const name of this.#deployment.aws.started) await this.#deployment.ended(name)
  }

  async getObject(key: string, bucket: string): Promise<Buffer> {
    const { Body } = await this.#clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }
}

/**
 * Expects that the problem has a URL of the list of resources, and that the list names one resource of model `memo`.
 */
export const expectList = async ({ body }: Answer): Promise<void> => {
  const { unrestorable_resources } = body as unknown as { unrestorable_resources: { list: { url: string } } }
  const list = await fetch(unrestorable_resources.list.url)
  expect(list.status).toBe(200)
  expect(JSON.parse(await list.text())).toMatchObject({ model: 'memo' })
}
