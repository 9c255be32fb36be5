import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PinnedObject } from '../object.ts'
import { BodyCutError, ObjectChangedError } from '../errors.ts'
import { bytesOf } from '../../values/bytes-of.ts'
import { isConditionFailed, isInvalidVersion, isNotFound, quotedETag } from './s3-errors.ts'
import { bodyOf, pinned, type StoredObject, storedObject } from './stored-object.ts'

/** Random access to the bytes of one object. The archive reader uses this type as `ArchiveSource`. */
interface ObjectSource {
  readonly size: number
  read(start: number, length: number): Promise<Buffer>
  stream(start: number, length: number): Promise<Readable>
}

/** A listed object, and the time at which it was written. */
export interface DatedObject {
  readonly object: PinnedObject
  readonly modified: Date
}

/**
 * The number of attempts to read a body. The SDK repeats failed requests, but does not repeat a request whose body ends
 * too early.
 */
const BODY_ATTEMPTS = 4

/** Reads objects in S3. A read of a `PinnedObject` fails if this version of the object no longer exists. */
export class ObjectReader {
  protected readonly client: S3Client

  constructor(client: S3Client) {
    this.client = client
  }

  /**
   * Returns the properties of an object, or of the version with the given id. Returns undefined if the object or
   * version does not exist.
   */
  async head(
    bucket: string,
    key: string,
    { version_id }: { version_id?: string } = {},
  ): Promise<StoredObject | undefined> {
    try {
      const head = await this.client.send(
        new HeadObjectCommand({
          Bucket: bucket,
          Key: key,
          ChecksumMode: 'ENABLED',
          ...(version_id === undefined ? {} : { VersionId: version_id }),
        }),
      )
      return storedObject(bucket, key, head)
    } catch (error) {
      if (isNotFound(error) || isInvalidVersion(error, version_id)) return undefined
      throw error
    }
  }

  /**
   * Returns an object with its body, or undefined if the object does not exist. The caller must read the body to its
   * end or destroy it.
   */
  async open(bucket: string, key: string): Promise<(StoredObject & { readonly body: Readable }) | undefined> {
    try {
      const answer = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }))
      return { ...storedObject(bucket, key, answer), body: bodyOf(answer) }
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /**
   * Returns a range of a pinned object as a stream. The caller must read the stream to its end or destroy it. If the
   * connection breaks, the stream fails. Throws `ObjectChangedError` if this version of the object no longer exists,
   * and `BodyCutError` if the response has another length.
   */
  async read(object: PinnedObject, start: number, length: number): Promise<Readable> {
    if (length === 0) return Readable.from([])
    const { bucket, key, version_id, etag } = object
    try {
      const answer = await this.client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          Range: `bytes=${start}-${start + length - 1}`,
          // The ETag is needed even with a version id, because the version with the id `null` can be replaced.
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

  /**
   * Returns a range of a pinned object. The range must fit into memory. If the body ends too early, the range is read
   * again. Throws `ObjectChangedError` if this version of the object no longer exists, and `BodyCutError` if the last
   * attempt returns the wrong number of bytes.
   */
  async readBytes(object: PinnedObject, start: number, length: number): Promise<Buffer> {
    for (let attempt = 1; ; attempt++) {
      const body = await this.read(object, start, length)
      const bytes = await collectOrRetry(body, object, length, attempt)
      if (bytes !== undefined) return bytes
    }
  }

  /** Returns the bytes of an object, which must fit into memory. Returns undefined if the object does not exist. */
  async getBytes(bucket: string, key: string): Promise<Buffer | undefined> {
    for (let attempt = 1; ; attempt++) {
      const opened = await this.open(bucket, key)
      if (opened === undefined) return undefined
      const bytes = await collectOrRetry(opened.body, opened, opened.size, attempt)
      if (bytes !== undefined) return bytes
    }
  }

  /**
   * Returns the parsed content of an object with JSON, or undefined if the object does not exist. The caller must
   * validate the content.
   */
  async getJson(bucket: string, key: string): Promise<unknown> {
    const bytes = await this.getBytes(bucket, key)
    return bytes === undefined ? undefined : JSON.parse(bytes.toString())
  }

  /**
   * Lists all objects whose keys begin with a prefix, sorted by the UTF-8 bytes of their keys. The results contain no
   * version ids.
   */
  async *list(bucket: string, prefix = ''): AsyncGenerator<PinnedObject> {
    for await (const { object } of this.listDated(bucket, prefix)) yield object
  }

  /**
   * Lists objects as `list` does, with the times at which they were written. If `after` is given, begins after this
   * key.
   */
  async *listDated(bucket: string, prefix: string, after?: string): AsyncGenerator<DatedObject> {
    let token: string | undefined
    do {
      const page = await this.client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          ...(token === undefined ? {} : { ContinuationToken: token }),
          ...(after === undefined ? {} : { StartAfter: after }),
        }),
      )
      for (const { Key, Size, ETag, LastModified } of page.Contents ?? [])
        if (Key !== undefined)
          yield {
            object: pinned(bucket, Key, Size ?? 0, ETag, undefined),
            // If S3 returns no time, the object counts as new, so that it is not deleted.
            modified: LastModified ?? new Date(),
          }
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  sourceOf(object: PinnedObject): ObjectSource {
    return {
      size: object.size,
      read: (start, length) => this.readBytes(object, start, length),
      stream: (start, length) => this.read(object, start, length),
    }
  }
}

/**
 * Returns the bytes of a body. If the body fails or has the wrong length, waits and returns undefined, so that the
 * caller tries again. After the last attempt, throws the error of the body, or `BodyCutError`.
 */
const collectOrRetry = async (
  body: Readable,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  length: number,
  attempt: number,
): Promise<Buffer | undefined> => {
  try {
    const bytes = await bytesOf(body, length)
    if (bytes.length !== length) throw new BodyCutError(bucket, key, length, bytes.length)
    return bytes
  } catch (error) {
    if (attempt === BODY_ATTEMPTS) throw error
    await sleep(50 * 2 ** attempt * Math.random())
    return undefined
  }
}
