import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import type { ObjectRange, PinnedObject } from '../object.ts'
import { CopyWithoutChecksumError, ObjectExistsError, ObjectChangedError } from '../errors.ts'
import {
  copySource,
  isConditionFailed,
  hasNoSuchUploadName,
  isNoSuchUpload,
  isNotFound,
  isUnsupported,
  plainETag,
  quotedETag,
} from './s3-errors.ts'
import { pinned } from './stored-object.ts'

/** A part that S3 has stored. A request to complete the upload must list all parts. */
export interface UploadedPart {
  readonly number: number
  readonly etag: string
  readonly size: number
  /** The SHA-256 of the bytes, which S3 has computed. Present if the upload stores checksums. */
  readonly sha256_base64?: string
}

/** How S3 stores an upload. */
export interface ChecksumOptions {
  /** If true, S3 computes and stores the SHA-256 of each copied part. All parts of the upload must then be copied. */
  readonly storesSha256?: boolean
}

interface CompleteOptions {
  /** If true, an existing object is not replaced, and `ObjectExistsError` is thrown. */
  readonly ifAbsent?: boolean
  /** The ETag of the object that is replaced. If there is no object with this ETag, `ObjectExistsError` is thrown. */
  readonly ifMatch?: string | undefined
  /** The parts of the object. By default, these are the parts that this instance has uploaded or copied. */
  readonly parts?: readonly UploadedPart[]
}

/** A multipart upload. S3 verifies uploaded parts by their MD5. */
export class MultipartUpload {
  readonly #client: S3Client
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly storesSha256: boolean
  readonly #parts = new Map<number, UploadedPart>()
  /** The requests of this instance that are being sent and create parts. */
  readonly #sending = new Set<Promise<unknown>>()

  constructor(
    client: S3Client,
    bucket: string,
    key: string,
    uploadId: string,
    { storesSha256 = false }: ChecksumOptions = {},
  ) {
    this.#client = client
    this.bucket = bucket
    this.key = key
    this.uploadId = uploadId
    this.storesSha256 = storesSha256
  }

  /** Uploads bytes as part `number` (1 to 10,000, without gaps). All parts except the last must have at least 5 MiB. */
  async uploadPart(number: number, body: Buffer): Promise<UploadedPart> {
    const { ETag } = await this.#track(
      this.#client.send(
        new UploadPartCommand({
          ...this.#upload,
          PartNumber: number,
          Body: body,
          ContentLength: body.length,
          ContentMD5: createHash('md5').update(body).digest('base64'),
        }),
      ),
    )
    return this.#keep({ number, etag: plainETag(ETag), size: body.length })
  }

  /**
   * Copies a range of an object as part `number`. The bytes are copied within S3. Throws `ObjectChangedError` if the
   * object was deleted or replaced. If the upload stores checksums, throws `CopyWithoutChecksumError` if the server has
   * computed none. The upload cannot be completed then.
   */
  async copyPart(number: number, { object, start, length }: ObjectRange): Promise<UploadedPart> {
    const { bucket, key, version_id, etag } = object
    try {
      const { CopyPartResult } = await this.#track(
        this.#client.send(
          new UploadPartCopyCommand({
            ...this.#upload,
            PartNumber: number,
            CopySource: copySource(bucket, key, version_id),
            CopySourceRange: `bytes=${start}-${start + length - 1}`,
            CopySourceIfMatch: quotedETag(etag),
          }),
        ),
      )
      const sha256_base64 = this.storesSha256 ? CopyPartResult?.ChecksumSHA256 : undefined
      if (this.storesSha256 && sha256_base64 === undefined) throw new CopyWithoutChecksumError(this.bucket, this.key)
      const part = { number, etag: plainETag(CopyPartResult?.ETag), size: length }
      return this.#keep(sha256_base64 === undefined ? part : { ...part, sha256_base64 })
    } catch (error) {
      if (this.storesSha256 && isUnsupported(error))
        throw new CopyWithoutChecksumError(this.bucket, this.key, { cause: error })
      // Status 404 can also mean that the upload does not exist, although the object has not changed.
      if (isConditionFailed(error) || (isNotFound(error) && !hasNoSuchUploadName(error)))
        throw new ObjectChangedError(bucket, key)
      throw error
    }
  }

  /** Returns the parts that S3 has stored, in the order of their numbers. */
  async listParts(): Promise<UploadedPart[]> {
    const parts: UploadedPart[] = []
    for (let marker: string | undefined; ;) {
      const page = await this.#client.send(
        new ListPartsCommand({ ...this.#upload, ...(marker === undefined ? {} : { PartNumberMarker: marker }) }),
      )
      for (const { PartNumber = 0, ETag, Size = 0 } of page.Parts ?? [])
        parts.push({ number: PartNumber, etag: plainETag(ETag), size: Size })
      if (page.IsTruncated !== true) return parts
      marker = page.NextPartNumberMarker
    }
  }

  /**
   * Completes the upload and returns the object. If the response was lost, the call can be repeated. If the upload no
   * longer exists, an object with the same size and number of parts counts as its result. With `ifAbsent`, throws
   * `ObjectExistsError` if an object with this key exists. With `ifMatch`, throws `ObjectExistsError` if the object has
   * another ETag or does not exist.
   */
  async complete({
    ifAbsent = false,
    ifMatch,
    parts = [...this.#parts.values()],
  }: CompleteOptions = {}): Promise<PinnedObject> {
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    const inOrder = parts.toSorted((a, b) => a.number - b.number)
    try {
      const { ETag, VersionId } = await this.#client.send(
        new CompleteMultipartUploadCommand({
          ...this.#upload,
          MultipartUpload: {
            Parts: inOrder.map(({ number, etag, sha256_base64 }) => ({
              PartNumber: number,
              ETag: quotedETag(etag),
              ...(sha256_base64 === undefined ? {} : { ChecksumSHA256: sha256_base64 }),
            })),
          },
          ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
          ...(ifMatch === undefined ? {} : { IfMatch: quotedETag(ifMatch) }),
        }),
      )
      return this.#pinned(size, ETag, VersionId)
    } catch (error) {
      const isAbsent = ifMatch !== undefined && isNotFound(error) && !hasNoSuchUploadName(error)
      const exists = isConditionFailed(error) || isAbsent
      if (exists) throw new ObjectExistsError(this.bucket, this.key)
      const equal = isNoSuchUpload(error) ? await this.#findEqual(size, parts.length) : undefined
      if (equal === undefined) throw error
      return equal
    }
  }

  /**
   * Deletes the parts. Has no effect if the upload was already completed or aborted. First waits until the requests of
   * this instance that create parts have ended, because S3 can store a part after the abort and then keeps it.
   */
  async abort(): Promise<void> {
    await Promise.allSettled(this.#sending)
    try {
      await this.#client.send(new AbortMultipartUploadCommand(this.#upload))
    } catch (error) {
      if (!isNoSuchUpload(error)) throw error
    }
  }

  get #upload(): { Bucket: string; Key: string; UploadId: string } {
    return { Bucket: this.bucket, Key: this.key, UploadId: this.uploadId }
  }

  async #track<Output>(sending: Promise<Output>): Promise<Output> {
    this.#sending.add(sending)
    try {
      return await sending
    } finally {
      this.#sending.delete(sending)
    }
  }

  #keep(part: UploadedPart): UploadedPart {
    this.#parts.set(part.number, part)
    return part
  }

  /** Returns the object with this key if it has this size and number of parts. Otherwise, returns undefined. */
  async #findEqual(size: number, parts: number): Promise<PinnedObject | undefined> {
    try {
      const head = await this.#client.send(new HeadObjectCommand({ Bucket: this.bucket, Key: this.key }))
      // If an object was uploaded in parts, its ETag ends with the number of parts.
      const isEqual = head.ContentLength === size && plainETag(head.ETag).endsWith(`-${parts}`)
      return isEqual ? this.#pinned(size, head.ETag, head.VersionId) : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #pinned(size: number, etag: string | undefined, versionId: string | undefined): PinnedObject {
    return pinned(this.bucket, this.key, size, etag, versionId)
  }
}
