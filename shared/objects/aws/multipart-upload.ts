import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import type { ObjectRange, PinnedObject } from '../object.ts'
import { ObjectExistsError, ObjectChangedError } from '../errors.ts'
import { copySource, isConditionFailed, isNoSuchUpload, isNotFound, plainETag, quotedETag } from './s3-errors.ts'

/** A part that S3 has. Whoever completes the upload names all of them. */
export interface UploadedPart {
  readonly number: number
  readonly etag: string
  readonly size: number
}

export interface CompleteOptions {
  /** Throws `ObjectExistsError` where the key is taken. */
  readonly ifAbsent?: boolean
  /** With `ifAbsent`, where the caller compares what stands there itself: an object alike is not taken for this one. */
  readonly strictly?: boolean
  /** Absent: the parts that this object has made. */
  readonly parts?: readonly UploadedPart[]
}

/**
 * One multipart upload. No checksum algorithm is declared: servers disagree about copied parts. Each part's bytes carry
 * their MD5, which S3 checks on arrival.
 */
export class MultipartUpload {
  readonly #client: S3Client
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly #parts = new Map<number, UploadedPart>()

  constructor(client: S3Client, bucket: string, key: string, uploadId: string) {
    this.#client = client
    this.bucket = bucket
    this.key = key
    this.uploadId = uploadId
  }

  /** Uploads bytes as part `number` (1–10,000, without gaps). Every part but the last has 5 MiB at least. */
  async uploadPart(number: number, body: Buffer): Promise<UploadedPart> {
    const { ETag } = await this.#client.send(
      new UploadPartCommand({
        ...this.#upload,
        PartNumber: number,
        Body: body,
        ContentLength: body.length,
        ContentMD5: createHash('md5').update(body).digest('base64'),
      }),
    )
    return this.#keep({ number, etag: plainETag(ETag), size: body.length })
  }

  /** Lets S3 copy a range of an object as part `number`. Throws `ObjectChangedError`. */
  async copyPart(number: number, { object, start, length }: ObjectRange): Promise<UploadedPart> {
    const { bucket, key, version_id, etag } = object
    try {
      const { CopyPartResult } = await this.#client.send(
        new UploadPartCopyCommand({
          ...this.#upload,
          PartNumber: number,
          CopySource: copySource(bucket, key, version_id),
          CopySourceRange: `bytes=${start}-${start + length - 1}`,
          CopySourceIfMatch: quotedETag(etag),
        }),
      )
      return this.#keep({ number, etag: plainETag(CopyPartResult?.ETag), size: length })
    } catch (error) {
      if (isConditionFailed(error) || (isNotFound(error) && !isUploadGone(error)))
        throw new ObjectChangedError(bucket, key)
      throw error
    }
  }

  /**
   * Makes the object. A repeat after a lost answer finds it made: the object that then stands there counts as this one
   * when it has this upload's size and number of parts.
   */
  async complete({
    ifAbsent = false,
    strictly = false,
    parts = [...this.#parts.values()],
  }: CompleteOptions = {}): Promise<PinnedObject> {
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    const inOrder = parts.toSorted((a, b) => a.number - b.number)
    try {
      const { ETag, VersionId } = await this.#client.send(
        new CompleteMultipartUploadCommand({
          ...this.#upload,
          MultipartUpload: {
            Parts: inOrder.map(({ number, etag }) => ({ PartNumber: number, ETag: quotedETag(etag) })),
          },
          ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
        }),
      )
      return this.#pinned(size, ETag, VersionId)
    } catch (error) {
      const taken = isConditionFailed(error)
      if (taken && strictly) throw new ObjectExistsError(this.bucket, this.key)
      if (!taken && !isNoSuchUpload(error)) throw error
      const made = await this.#find(size, parts.length)
      if (made !== undefined) return made
      if (taken) throw new ObjectExistsError(this.bucket, this.key)
      throw error
    }
  }

  /** Drops the parts. An upload that has ended already is left alone. */
  async abort(): Promise<void> {
    try {
      await this.#client.send(new AbortMultipartUploadCommand(this.#upload))
    } catch (error) {
      if (!isNoSuchUpload(error)) throw error
    }
  }

  get #upload(): { Bucket: string; Key: string; UploadId: string } {
    return { Bucket: this.bucket, Key: this.key, UploadId: this.uploadId }
  }

  #keep(part: UploadedPart): UploadedPart {
    this.#parts.set(part.number, part)
    return part
  }

  async #find(size: number, parts: number): Promise<PinnedObject | undefined> {
    try {
      const head = await this.#client.send(new HeadObjectCommand({ Bucket: this.bucket, Key: this.key }))
      const made = head.ContentLength === size && plainETag(head.ETag).endsWith(`-${parts}`)
      return made ? this.#pinned(size, head.ETag, head.VersionId) : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #pinned(size: number, etag: string | undefined, versionId: string | undefined): PinnedObject {
    return {
      bucket: this.bucket,
      key: this.key,
      size,
      etag: plainETag(etag),
      ...(versionId === undefined ? {} : { version_id: versionId }),
    }
  }
}

const isUploadGone = (error: unknown): boolean => error instanceof Error && error.name === 'NoSuchUpload'
