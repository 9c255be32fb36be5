import { createHash } from 'node:crypto'
import { pipeline as pipe, Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pMap from 'p-map'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import { ObjectChangedError } from '../objects/errors.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { StoredObject, WriteOptions } from '../objects/aws/stored-object.ts'
import { BlobMismatchError } from './errors.ts'

/** Size and SHA-256 of an object, verified by S3's own checksum of the whole object or by reading its bytes. */
export interface VerifiedObject {
  readonly sha256: string
  readonly size: number
  readonly object: PinnedObject
}

/**
 * Streams of at most this size are buffered and stored with their SHA-256, which S3 keeps. Larger ones are uploaded in
 * parts.
 */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024
/** S3 copies parts itself, so large parts need no memory here, and four at a time are faster than one. */
const COPY_PART_BYTES = 512 * 1024 * 1024
const PARALLEL_COPIES = 4
/** S3's limit on the parts of one upload. */
const MAX_PARTS = 10_000
/** If an object is replaced while it is read, it is read again, this many times in total. */
const READ_ATTEMPTS = 3

/**
 * Size and SHA-256 of the object that a key has now. Undefined if there is none. Throws `ObjectChangedError` if the
 * object is replaced during every attempt to read it.
 */
export const verifyObject = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
): Promise<VerifiedObject | undefined> => {
  for (let attempt = 1; ; attempt++) {
    const head = await objects.head(bucket, key)
    if (head === undefined) return undefined
    const object = pinnedOf(head)
    if (head.checksumSha256 !== undefined) return { sha256: head.checksumSha256, size: head.size, object }
    try {
      return { sha256: await readSha256(objects, object), size: head.size, object }
    } catch (error) {
      if (!(error instanceof ObjectChangedError) || attempt === READ_ATTEMPTS) throw error
    }
  }
}

const readSha256 = async (objects: ObjectStore, object: PinnedObject): Promise<string> => {
  const hash = createHash('sha256')
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done()
    },
  })
  await pipeline(await objects.read(object, 0, object.size), sink)
  return hash.digest('hex')
}

/** What the bytes of an object must be. */
export interface Expected {
  readonly size: number
  /** 64 hex digits. */
  readonly sha256: string
}

/**
 * Stores bytes unless the key has an object, and returns whether it stored them. Throws `BlobMismatchError` and stores
 * nothing if the bytes are not the expected ones.
 */
export const putVerifiedIfAbsent = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  bytes: Buffer,
  expected: Expected,
  options: WriteOptions,
): Promise<boolean> => {
  check(key, expected, bytes.length, createHash('sha256').update(bytes).digest('hex'))
  const put = await objects.put(bucket, key, bytes, { ...options, sha256: expected.sha256, ifAbsent: true })
  return put !== 'exists'
}

/**
 * Stores bytes, or replaces the object. Throws `BlobMismatchError` and stores nothing if the bytes are not the expected
 * ones.
 */
export const putVerified = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  body: Buffer | Readable,
  expected: Expected,
  options: WriteOptions,
): Promise<PinnedObject> => {
  if (body instanceof Readable && expected.size > MAX_BUFFERED_BYTES) {
    // If the body or the check fails, so does the upload, which reads from the end of the pipe.
    const checked = pipe(body, checkedStream(key, expected), () => undefined)
    return objects.upload(bucket, key, checked, options)
  }
  const bytes = Buffer.isBuffer(body) ? body : await readAtMost(body, expected.size)
  check(key, expected, bytes.length, createHash('sha256').update(bytes).digest('hex'))
  return objects.put(bucket, key, bytes, { ...options, sha256: expected.sha256 })
}

/** Reads a stream until it has returned more than `size` bytes: enough to detect that it is too long. */
const readAtMost = async (body: Readable, size: number): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > size) break
  }
  return Buffer.concat(chunks)
}

/** Passes the bytes through, and fails at their end if they are not the expected ones. */
const checkedStream = (key: string, expected: Expected): Transform => {
  const hash = createHash('sha256')
  let size = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
    flush(done) {
      try {
        check(key, expected, size, hash.digest('hex'))
        done()
      } catch (error) {
        done(error instanceof Error ? error : new Error(`${key}: the checksum failed`, { cause: error }))
      }
    },
  })
}

const check = (key: string, expected: Expected, size: number, sha256: string): void => {
  if (size !== expected.size) throw new BlobMismatchError(key, `${expected.size} bytes`, `${size} bytes`)
  if (sha256 !== expected.sha256) throw new BlobMismatchError(key, `sha256 ${expected.sha256}`, `sha256 ${sha256}`)
}

/**
 * Makes an object of a range of another object; S3 copies the bytes. The range must not be empty. Throws
 * `ObjectChangedError` if the other object has changed and, with `ifAbsent`, `ObjectExistsError` if the key has an
 * object.
 */
export const copyRange = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  range: ObjectRange,
  { ifAbsent = false, ...options }: WriteOptions & { readonly ifAbsent?: boolean },
): Promise<PinnedObject> => {
  const upload = await objects.multipart(bucket, key, options)
  try {
    const count = Math.ceil(range.length / Math.max(COPY_PART_BYTES, Math.ceil(range.length / MAX_PARTS)))
    const border = (k: number): number => Math.floor((k * range.length) / count)
    await pMap(
      Array.from({ length: count }, (_, k) => k),
      (k) =>
        upload.copyPart(k + 1, {
          object: range.object,
          start: range.start + border(k),
          length: border(k + 1) - border(k),
        }),
      { concurrency: PARALLEL_COPIES },
    )
    return await upload.complete(ifAbsent ? { ifAbsent, acceptEqual: false } : {})
  } catch (error) {
    await upload.abort()
    throw error
  }
}

export const pinnedOf = ({ bucket, key, size, etag, version_id }: StoredObject): PinnedObject => ({
  bucket,
  key,
  size,
  etag,
  ...(version_id === undefined ? {} : { version_id }),
})
