import { CreateMultipartUploadCommand, DeleteObjectsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createHash } from 'node:crypto'
import { pipeline, type Readable, Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnprocessedBackoff } from '../../throttling/unprocessed.ts'
import { CopyWithoutChecksumError, ObjectExistsError } from '../errors.ts'
import type { PinnedObject } from '../object.ts'
import { type BucketOwners, expectOwners } from './expected-owners.ts'
import { sendExpires } from './expires-header.ts'
import { type ChecksumOptions, MultipartUpload } from './multipart-upload.ts'
import { ObjectReader } from './object-reader.ts'
import { isConditionFailed, isConflict, isNotFound, isUnsupported, quotedETag } from './s3-errors.ts'
import { pinned, type PutOptions, writeFields, type WriteOptions } from './stored-object.ts'
import { abandon } from '../abandon.ts'

/**
 * The number of attempts of a conditional write. An attempt fails while another write of the same key is in progress.
 * The pause after each attempt is at most 100 ms.
 */
const CONFLICT_ATTEMPTS = 100
/**
 * The number of attempts of a conditional multipart upload. Each attempt uploads or copies all parts again, so there
 * are fewer of them, and the pauses between them are longer: at most 200 ms, then 400 ms and so on, in total 12
 * seconds.
 */
const UPLOAD_ATTEMPTS = 7
/**
 * The part size and the number of concurrent parts when a stream is uploaded. At most two parts of 8 MiB are in memory.
 */
const UPLOAD = { partSize: 8 * 1024 * 1024, queueSize: 2 }
/** S3's limit on the number of keys in one DeleteObjects request. */
const DELETE_BATCH = 1000
/** The codes with which S3 responds for single keys if it receives too many requests. */
const THROTTLED_CODES: readonly (string | undefined)[] = ['SlowDown', 'ServiceUnavailable']

/** The options of a write that may replace no object, or only a certain object. */
interface ConditionalWrite extends WriteOptions, ChecksumOptions {
  readonly ifAbsent?: boolean
  readonly ifMatch?: string | undefined
}

/** Reads and writes objects in S3. */
export class ObjectStore extends ObjectReader {
  /** False after the server has rejected checksums of copied parts, or has computed none. */
  #copiesHaveChecksums = true

  /** `owners` contains the expected owners of buckets of other accounts. */
  constructor(client: S3Client, owners: BucketOwners = new Map()) {
    super(client)
    sendExpires(client)
    expectOwners(client, owners)
  }

  /** Writes an object. If the object exists, it is replaced. */
  async put(
    bucket: string,
    key: string,
    body: Buffer,
    options?: PutOptions & { readonly ifAbsent?: false; readonly ifMatch?: never },
  ): Promise<PinnedObject>
  /**
   * With `ifAbsent`, returns `exists` instead of replacing an existing object. If the response to a request is lost,
   * the SDK repeats the request. The result can then be `exists` although this call has written the object. With
   * `ifMatch`, returns `exists` if the object has another ETag or does not exist.
   */
  async put(bucket: string, key: string, body: Buffer, options: PutOptions): Promise<PinnedObject | 'exists'>
  async put(bucket: string, key: string, body: Buffer, options: PutOptions = {}): Promise<PinnedObject | 'exists'> {
    if (!isSendableWithBody(options)) return this.#putAsUpload(bucket, key, body, options)
    const isConditional = options.ifAbsent === true || options.ifMatch !== undefined
    const sha256 = options.sha256 ?? createHash('sha256').update(body).digest('hex')
    for (let attempt = 1; ; attempt++) {
      try {
        const { ETag, VersionId } = await this.client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentLength: body.length,
            ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
            ...writeFields(options),
            ...(options.ifAbsent === true ? { IfNoneMatch: '*' } : {}),
            ...(options.ifMatch === undefined ? {} : { IfMatch: quotedETag(options.ifMatch) }),
          }),
        )
        return pinned(bucket, key, body.length, ETag, VersionId)
      } catch (error) {
        if (!isConditional) throw error
        if (isConditionFailed(error) || (options.ifMatch !== undefined && isNotFound(error))) return 'exists'
        if (!isConflict(error) || attempt === CONFLICT_ATTEMPTS) throw error
        await sleep(20 + 80 * Math.random())
      }
    }
  }

  /**
   * Writes an object like `put`, but with a multipart upload. The request that sends the headers then has no body, so
   * Node.js does not damage the headers (see `isSendableWithBody`).
   */
  async #putAsUpload(
    bucket: string,
    key: string,
    body: Buffer,
    { ifAbsent = false, ifMatch, ...options }: PutOptions,
  ): Promise<PinnedObject | 'exists'> {
    try {
      return await this.putInParts(bucket, key, { ...options, ifAbsent, ifMatch }, (upload) =>
        upload.uploadPart(1, body),
      )
    } catch (error) {
      if (error instanceof ObjectExistsError) return 'exists'
      throw error
    }
  }

  /**
   * Writes an object with a multipart upload. `write` uploads or copies the parts. With `ifAbsent` or `ifMatch`, throws
   * `ObjectExistsError` if the condition is not met, even if the existing object is equal. If another write of the key
   * is in progress, or if the server computes no checksums of copied parts, begins a new upload and calls `write`
   * again.
   */
  async putInParts(
    bucket: string,
    key: string,
    { ifAbsent = false, ifMatch, ...options }: ConditionalWrite,
    write: (upload: MultipartUpload) => Promise<unknown>,
  ): Promise<PinnedObject> {
    for (let attempt = 1; ; attempt++) {
      const upload = await this.multipart(bucket, key, options)
      try {
        await write(upload)
        return await upload.complete({ ifAbsent, ifMatch })
      } catch (error) {
        await abandon(upload)
        if (this.disableChecksumsAfter(error)) continue
        if (!isConflict(error) || attempt === UPLOAD_ATTEMPTS) throw error
        await sleep(100 * 2 ** attempt * Math.random())
      }
    }
  }

  /** Writes a value as JSON. The options and the result are the same as those of `put`. */
  async putJson(
    bucket: string,
    key: string,
    value: object,
    options?: { readonly ifAbsent?: false; readonly ifMatch?: never },
  ): Promise<PinnedObject>
  async putJson(
    bucket: string,
    key: string,
    value: object,
    options: { readonly ifAbsent?: boolean; readonly ifMatch?: string },
  ): Promise<PinnedObject | 'exists'>
  async putJson(
    bucket: string,
    key: string,
    value: object,
    options: { readonly ifAbsent?: boolean; readonly ifMatch?: string } = {},
  ): Promise<PinnedObject | 'exists'> {
    return this.put(bucket, key, Buffer.from(JSON.stringify(value)), { ...options, contentType: 'application/json' })
  }

  /**
   * Writes a stream of unknown length in bounded memory. If the stream fails, no object is written. With `checksum`,
   * sends a checksum, which S3 requires in a bucket whose objects are locked by default.
   */
  async upload(
    bucket: string,
    key: string,
    body: Readable,
    { checksum = false, ...options }: WriteOptions & { readonly checksum?: boolean } = {},
  ): Promise<PinnedObject> {
    let size = 0
    const counter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length
        done(null, chunk)
      },
    })
    // The callback need not handle errors. If the body fails, `pipeline` destroys the counter, and `upload.done` then
    // throws.
    pipeline(body, counter, () => undefined)
    const upload = new Upload({
      client: this.client,
      params: {
        Bucket: bucket,
        Key: key,
        Body: counter,
        ...(checksum ? { ChecksumAlgorithm: 'CRC32' } : {}),
        ...writeFields(options),
      },
      ...UPLOAD,
    })
    try {
      const { ETag, VersionId } = await upload.done()
      return pinned(bucket, key, size, ETag, VersionId)
    } finally {
      body.destroy()
    }
  }

  /**
   * Begins a multipart upload. `storesSha256` has no effect if the server does not support it, or has computed no
   * checksum of an earlier copy.
   */
  async multipart(
    bucket: string,
    key: string,
    { storesSha256: isRequested = false, ...options }: WriteOptions & ChecksumOptions = {},
  ): Promise<MultipartUpload> {
    const storesSha256 = isRequested && this.#copiesHaveChecksums
    try {
      const { UploadId } = await this.client.send(
        new CreateMultipartUploadCommand({
          Bucket: bucket,
          Key: key,
          ...writeFields(options),
          ...(storesSha256 ? { ChecksumAlgorithm: 'SHA256' } : {}),
        }),
      )
      if (UploadId === undefined) throw new Error(`S3 returned no id for the upload of s3://${bucket}/${key}`)
      return this.resumeMultipart(bucket, key, UploadId, { storesSha256 })
    } catch (error) {
      if (!storesSha256 || !isUnsupported(error)) throw error
      const upload = await this.multipart(bucket, key, options)
      // The server accepts the request without the algorithm, so the algorithm was the reason.
      this.#copiesHaveChecksums = false
      return upload
    }
  }

  /** Returns a multipart upload that this or another process has begun. */
  resumeMultipart(bucket: string, key: string, uploadId: string, options?: ChecksumOptions): MultipartUpload {
    return new MultipartUpload(this.client, bucket, key, uploadId, options)
  }

  /**
   * If an upload has failed because the server computes no checksums of copied parts, the next uploads of this instance
   * store no checksums. Returns true in this case, so that the caller can begin another upload.
   */
  disableChecksumsAfter(error: unknown): boolean {
    if (!(error instanceof CopyWithoutChecksumError)) return false
    this.#copiesHaveChecksums = false
    return true
  }

  /**
   * Deletes objects. Ignores keys without an object. Keys that S3 did not delete because of the rate are sent again.
   * Throws an error with the first key that S3 did not delete for another reason.
   */
  async delete(bucket: string, keys: readonly string[]): Promise<void> {
    const backoff = new UnprocessedBackoff({ service: 'S3', operation: 'DeleteObjects', target: `bucket ${bucket}` })
    for (let left = keys; left.length > 0;) {
      const batch = left.slice(0, DELETE_BATCH)
      const { Errors = [] } = await this.client.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: batch.map((Key) => ({ Key })), Quiet: true } }),
      )
      const failed = Errors.find(({ Code }) => !THROTTLED_CODES.includes(Code))
      if (failed !== undefined)
        throw new Error(
          `s3://${bucket}/${failed.Key ?? ''} was not deleted: ${failed.Code ?? ''} ${failed.Message ?? ''}`,
        )
      if (Errors.length > 0) await backoff.next(Errors.length < batch.length)
      left = [...Errors.flatMap(({ Key }) => Key ?? []), ...left.slice(DELETE_BATCH)]
    }
  }
}

/**
 * Returns true if a request with a body can have these headers. If a request has a body, Node.js damages a
 * `Content-Disposition` header with characters outside of ASCII.
 */
const isSendableWithBody = ({ headers }: WriteOptions): boolean => /^[\t -~]*$/.test(headers?.content_disposition ?? '')
