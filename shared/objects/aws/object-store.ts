import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createHash } from 'node:crypto'
import { pipeline, Readable, Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { MultipartUpload } from './multipart-upload.ts'
import type { PinnedObject } from '../object.ts'
import { BodyCutError, ObjectChangedError } from '../errors.ts'
import { copySource, isConditionFailed, isConflict, isBadVersion, isNotFound, quotedETag } from './s3-errors.ts'
import {
  bodyOf,
  collect,
  pinned,
  type PutOptions,
  type StoredObject,
  storedObject,
  writeFields,
  type WriteOptions,
} from './stored-object.ts'

/** Reads a pinned object as an archive is read. */
export interface ObjectSource {
  readonly size: number
  read(start: number, length: number): Promise<Buffer>
  stream(start: number, length: number): Promise<Readable>
}

/** A body that was cut is asked for again this often; the SDK's retries end where the body begins. */
const BODY_ATTEMPTS = 4
/** Conditional writes of one key that meet: each waits for the other's end, seconds at most. */
const CONFLICT_ATTEMPTS = 100
/** Bodies held by an upload from a stream: two parts of 8 MiB. */
const UPLOAD = { partSize: 8 * 1024 * 1024, queueSize: 2 }
/** What S3 takes in one DeleteObjects. */
const DELETE_BATCH = 1000

/** Objects in S3, read and written by exact state. */
export class ObjectStore {
  readonly #client: S3Client

  constructor(client: S3Client) {
    this.#client = client
  }

  /** Undefined where there is no such object (or version). */
  async head(
    bucket: string,
    key: string,
    { version_id }: { version_id?: string } = {},
  ): Promise<StoredObject | undefined> {
    try {
      const head = await this.#client.send(
        new HeadObjectCommand({
          Bucket: bucket,
          Key: key,
          ChecksumMode: 'ENABLED',
          ...(version_id === undefined ? {} : { VersionId: version_id }),
        }),
      )
      return storedObject(bucket, key, head)
    } catch (error) {
      if (isNotFound(error) || isBadVersion(error, version_id)) return undefined
      throw error
    }
  }

  /** The whole object as it is now. The body must be read to its end or destroyed. */
  async open(bucket: string, key: string): Promise<(StoredObject & { readonly body: Readable }) | undefined> {
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
      )
      return { ...storedObject(bucket, key, answer), body: bodyOf(answer) }
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** A range of exactly this state of the object. Throws `ObjectChangedError` where it is no more. */
  async read(ref: PinnedObject, start: number, length: number): Promise<Readable> {
    if (length === 0) return Readable.from([])
    const { bucket, key, version_id, etag } = ref
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          Range: `bytes=${start}-${start + length - 1}`,
          // Also with a version: the one called `null` may be replaced.
          IfMatch: quotedETag(etag),
          ...(version_id === undefined ? {} : { VersionId: version_id }),
        }),
      )
      const body = bodyOf(answer)
      if (answer.ContentLength === length) return body
      body.destroy()
      throw new BodyCutError(bucket, key, length, answer.ContentLength ?? 0)
    } catch (error) {
      if (isConditionFailed(error) || isNotFound(error)) throw new ObjectChangedError(bucket, key)
      throw error
    }
  }

  /** A small range, whole. A body that breaks off is asked for again. */
  async readBytes(ref: PinnedObject, start: number, length: number): Promise<Buffer> {
    for (let attempt = 1; ; attempt++) {
      const body = await this.read(ref, start, length)
      try {
        const bytes = await collect(body)
        if (bytes.length !== length) throw new BodyCutError(ref.bucket, ref.key, length, bytes.length)
        return bytes
      } catch (error) {
        if (attempt === BODY_ATTEMPTS) throw error
        await sleep(50 * 2 ** attempt * Math.random())
      }
    }
  }

  /** A small object as it is now; undefined where there is none. */
  async getBytes(bucket: string, key: string): Promise<Buffer | undefined> {
    for (let attempt = 1; ; attempt++) {
      const opened = await this.open(bucket, key)
      if (opened === undefined) return undefined
      try {
        const bytes = await collect(opened.body)
        if (bytes.length !== opened.size) throw new BodyCutError(bucket, key, opened.size, bytes.length)
        return bytes
      } catch (error) {
        if (attempt === BODY_ATTEMPTS) throw error
        await sleep(50 * 2 ** attempt * Math.random())
      }
    }
  }

  async put(
    bucket: string,
    key: string,
    body: Buffer,
    options?: PutOptions & { readonly ifAbsent?: false },
  ): Promise<PinnedObject>
  /** With `ifAbsent`: `exists` where the key is taken (perhaps by this very call, when its first answer was lost). */
  async put(bucket: string, key: string, body: Buffer, options: PutOptions): Promise<PinnedObject | 'exists'>
  async put(bucket: string, key: string, body: Buffer, options: PutOptions = {}): Promise<PinnedObject | 'exists'> {
    const sha256 = options.sha256 ?? createHash('sha256').update(body).digest('hex')
    for (let attempt = 1; ; attempt++) {
      try {
        const { ETag, VersionId } = await this.#client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentLength: body.length,
            ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
            ...writeFields(options),
            ...(options.ifAbsent === true ? { IfNoneMatch: '*' } : {}),
          }),
        )
        return pinned(bucket, key, body.length, ETag, VersionId)
      } catch (error) {
        if (options.ifAbsent !== true) throw error
        if (isConditionFailed(error)) return 'exists'
        // Another conditional write is under way: S3 says to ask again.
        if (!isConflict(error) || attempt === CONFLICT_ATTEMPTS) throw error
        await sleep(20 + 80 * Math.random())
      }
    }
  }

  async putJson(
    bucket: string,
    key: string,
    value: object,
    options?: { readonly ifAbsent?: false },
  ): Promise<PinnedObject>
  async putJson(
    bucket: string,
    key: string,
    value: object,
    options: { readonly ifAbsent: boolean },
  ): Promise<PinnedObject | 'exists'>
  async putJson(
    bucket: string,
    key: string,
    value: object,
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<PinnedObject | 'exists'> {
    return this.put(bucket, key, Buffer.from(JSON.stringify(value)), { ...options, contentType: 'application/json' })
  }

  /** Parses what `putJson` wrote; undefined where there is none. The type is the writer's word. */
  async getJson<T>(bucket: string, key: string): Promise<T | undefined> {
    const bytes = await this.getBytes(bucket, key)
    return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as T)
  }

  /** Writes a stream of unknown length in bounded memory; a stream that fails leaves no object. */
  async upload(bucket: string, key: string, body: Readable, options: WriteOptions = {}): Promise<PinnedObject> {
    let size = 0
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length
        done(null, chunk)
      },
    })
    // An error of the body ends the counting stream, and with it the upload: nothing is left to do here.
    pipeline(body, counted, () => undefined)
    const upload = new Upload({
      client: this.#client,
      params: { Bucket: bucket, Key: key, Body: counted, ...writeFields(options) },
      ...UPLOAD,
    })
    try {
      const { ETag, VersionId } = await upload.done()
      return pinned(bucket, key, size, ETag, VersionId)
    } finally {
      body.destroy()
    }
  }

  async multipart(bucket: string, key: string, options: WriteOptions = {}): Promise<MultipartUpload> {
    const { UploadId } = await this.#client.send(
      new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ...writeFields(options) }),
    )
    if (UploadId === undefined) throw new Error(`S3 began no upload of s3://${bucket}/${key}`)
    return this.resumeMultipart(bucket, key, UploadId)
  }

  /** An upload that was begun elsewhere. */
  resumeMultipart(bucket: string, key: string, uploadId: string): MultipartUpload {
    return new MultipartUpload(this.#client, bucket, key, uploadId)
  }

  /** Copies a whole object of up to 5 GiB. Throws `ObjectChangedError`. */
  async copyObject(from: PinnedObject, bucket: string, key: string): Promise<PinnedObject> {
    try {
      const { CopyObjectResult, VersionId } = await this.#client.send(
        new CopyObjectCommand({
          Bucket: bucket,
          Key: key,
          CopySource: copySource(from.bucket, from.key, from.version_id),
          CopySourceIfMatch: quotedETag(from.etag),
        }),
      )
      return pinned(bucket, key, from.size, CopyObjectResult?.ETag, VersionId)
    } catch (error) {
      if (isConditionFailed(error) || isNotFound(error)) throw new ObjectChangedError(from.bucket, from.key)
      throw error
    }
  }

  /** All objects under a prefix, in the order of their keys. */
  async *list(bucket: string, prefix = ''): AsyncGenerator<PinnedObject> {
    let token: string | undefined
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      )
      for (const { Key, Size, ETag } of page.Contents ?? [])
        if (Key !== undefined) yield pinned(bucket, Key, Size ?? 0, ETag, undefined)
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  /** Deletes objects; those that are not there count as deleted. */
  async delete(bucket: string, keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += DELETE_BATCH) {
      const { Errors = [] } = await this.#client.send(
        new DeleteObjectsCommand({
          Bucket: bucket,
          Delete: { Objects: keys.slice(from, from + DELETE_BATCH).map((Key) => ({ Key })), Quiet: true },
        }),
      )
      const [first] = Errors
      if (first !== undefined)
        throw new Error(`s3://${bucket}/${first.Key ?? ''} was not deleted: ${first.Code ?? ''} ${first.Message ?? ''}`)
    }
  }

  sourceOf(ref: PinnedObject): ObjectSource {
    return {
      size: ref.size,
      read: (start, length) => this.readBytes(ref, start, length),
      stream: (start, length) => this.read(ref, start, length),
    }
  }
}
