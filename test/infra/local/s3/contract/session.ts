import { randomBytes } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3'

/** What an S3 server may lack. Tests of a capability are skipped on a server without it. */
export const CAPABILITIES = [
  /** holds every key: `a//b`, `a/` with a body, `..`, and `a` beside `a/b` */
  'any-key',
  /** versions, delete markers and ListObjectVersions */
  'versions',
  /** a body that is cut off leaves no object */
  'cut-bodies',
  /** completing an upload a second time is 404 `NoSuchUpload` */
  'single-completion',
] as const
export type Capability = (typeof CAPABILITIES)[number]

/** A running S3 server. */
export interface S3Target {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  stop(): Promise<void>
}

/** One run of the contract: a client of the server, and a bucket that no other run uses. */
export class S3Session {
  readonly bucket = `contract-${randomBytes(6).toString('hex')}`
  readonly capabilities: ReadonlySet<Capability>
  readonly #start: () => Promise<S3Target>
  #open: { readonly target: S3Target; readonly client: S3Client; readonly plainClient: S3Client } | undefined

  constructor(start: () => Promise<S3Target>, capabilities: ReadonlySet<Capability>) {
    this.#start = start
    this.capabilities = capabilities
  }

  async open(): Promise<void> {
    const target = await this.#start()
    const plainClient = clientFor(target, { checksums: 'WHEN_REQUIRED' })
    this.#open = { target, client: clientFor(target), plainClient }
    await this.createBucket(this.bucket)
  }

  async close(): Promise<void> {
    await this.removeBucket(this.bucket)
    this.client.destroy()
    this.plainClient.destroy()
    await this.target.stop()
  }

  get target(): S3Target {
    return this.#opened().target
  }

  /** Adds a checksum to every body, as the SDK does by default. */
  get client(): S3Client {
    return this.#opened().client
  }

  /** Adds no checksums. */
  get plainClient(): S3Client {
    return this.#opened().plainClient
  }

  has(capability: Capability): boolean {
    return this.capabilities.has(capability)
  }

  put(Key: string, Body: NonNullable<PutObjectCommandInput['Body']>, more: Partial<PutObjectCommandInput> = {}) {
    return this.client.send(new PutObjectCommand({ Bucket: this.bucket, Key, Body, ...more }))
  }

  get(Key: string, more: Partial<GetObjectCommandInput> = {}) {
    return this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key, ...more }))
  }

  head(Key: string, more: Partial<GetObjectCommandInput> = {}) {
    return this.client.send(new HeadObjectCommand({ Bucket: this.bucket, Key, ...more }))
  }

  async text(Key: string, more: Partial<GetObjectCommandInput> = {}): Promise<string | undefined> {
    return (await this.get(Key, more)).Body?.transformToString()
  }

  async bytes(Key: string, more: Partial<GetObjectCommandInput> = {}): Promise<Buffer> {
    return Buffer.from((await (await this.get(Key, more)).Body?.transformToByteArray()) ?? [])
  }

  async createBucket(Bucket: string): Promise<void> {
    await this.client.send(new CreateBucketCommand({ Bucket }))
  }

  /** Removes a bucket and everything in it. */
  async removeBucket(Bucket: string): Promise<void> {
    for (;;) {
      const objects = await this.#someObjects(Bucket)
      if (objects.length === 0) break
      const Objects = objects.map(({ Key, VersionId }) => ({ Key, VersionId }))
      await this.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    }
    await this.client.send(new DeleteBucketCommand({ Bucket }))
  }

  async #someObjects(
    Bucket: string,
  ): Promise<readonly { readonly Key?: string | undefined; readonly VersionId?: string | undefined }[]> {
    if (!this.has('versions')) {
      const { Contents = [] } = await this.client.send(new ListObjectsV2Command({ Bucket }))
      return Contents.map(({ Key }) => ({ Key }))
    }
    const list = await this.client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 1000 }))
    return [...(list.Versions ?? []), ...(list.DeleteMarkers ?? [])]
  }

  #opened() {
    if (this.#open === undefined) throw new Error('the session is not open')
    return this.#open
  }
}

interface SessionOptions {
  /** replaces the secret of the target */
  readonly secretAccessKey?: string
  /** whether the SDK adds a checksum to every body, as it does by default */
  readonly checksums?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED'
}

/** A client that does not retry. */
export function clientFor(
  { endpoint, region, credentials }: Omit<S3Target, 'stop'>,
  { secretAccessKey = credentials.secretAccessKey, checksums = 'WHEN_SUPPORTED' }: SessionOptions = {},
): S3Client {
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { ...credentials, secretAccessKey },
    maxAttempts: 1,
    requestChecksumCalculation: checksums,
  })
}

/** Code and status of the error that a request is rejected with. */
export async function rejection(request: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  try {
    await request
  } catch (error) {
    if (error instanceof Error && '$metadata' in error) {
      const metadata = error.$metadata
      const known = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      return { name: error.name, status: known ? Number(metadata.httpStatusCode) : undefined }
    }
    throw error
  }
  throw new Error('the request was not rejected')
}

/** Orders keys as S3 does: by their UTF-8 bytes. */
export function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
