import { createHash } from 'node:crypto'
import { pipeline as pipe, Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pMap from 'p-map'
import { copiedRanges } from '../objects/copied-ranges.ts'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import { ObjectChangedError } from '../objects/errors.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { StoredObject, WriteOptions } from '../objects/aws/stored-object.ts'
import { BlobMismatchError } from './errors.ts'
import { buffersOf } from '../values/buffers-of.ts'
import { partsSha256OfOne } from '../values/parts-sha256.ts'

/**
 * An object with the size and the SHA-256 of its bytes. The SHA-256 is proved by a checksum in S3, or was computed from
 * the bytes.
 */
export interface VerifiedObject {
  readonly sha256: string
  readonly size: number
  readonly object: PinnedObject
}

/**
 * The largest size of a stream that is buffered in memory and written with one request. S3 stores the SHA-256 of such
 * an object. Larger streams are uploaded in parts, and S3 then stores no SHA-256 of the whole object.
 */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024
/**
 * The size of a copied part. S3 allows 5 GiB. Blobs that are larger are copied in several passes. S3 then stores the
 * checksum of a single part, with which the SHA-256 in the user metadata can be verified without reading the bytes.
 */
const COPY_PART_BYTES = 1024 * 1024 * 1024
/** The number of parts of one object that are copied at the same time. */
const PARALLEL_COPIES = 4
/** How often an object is read if it is replaced during each read. */
const READ_ATTEMPTS = 3

/**
 * Returns the size and the SHA-256 of the current object with this key, or undefined if there is no object. The bytes
 * are not read if a checksum in S3 proves the SHA-256 in the user metadata or `expected`. Throws `ObjectChangedError` if
 * the object is replaced during every attempt to read it.
 */
export const verifyObject = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  expected?: string,
): Promise<VerifiedObject | undefined> => {
  const verified = await verifyStored(objects, bucket, key, expected)
  return verified === undefined ? undefined : { sha256: verified.sha256, size: verified.size, object: verified.object }
}

/** Returns the same as `verifyObject`, together with the headers and the user metadata of the object. */
export const verifyStored = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  expected?: string,
): Promise<(VerifiedObject & { readonly stored: StoredObject }) | undefined> => {
  for (let attempt = 1; ; attempt++) {
    const head = await objects.head(bucket, key)
    if (head === undefined) return undefined
    const object = pinnedOf(head)
    const verified = { size: head.size, object, stored: head }
    if (head.checksumSha256 !== undefined) return { sha256: head.checksumSha256, ...verified }
    if (expected !== undefined && head.partsSha256 === partsSha256OfOne(expected))
      return { sha256: expected, ...verified }
    try {
      return { sha256: await readSha256(objects, object), ...verified }
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

/** The size and the SHA-256 that the bytes of an object must have. */
export interface Expected {
  /** The size in bytes. */
  readonly size: number
  /** The SHA-256 as 64 hex digits. */
  readonly sha256: string
}

/**
 * Stores bytes if no object with this key exists. Returns true if the bytes were stored, and false if an object exists.
 * If the bytes do not have the expected size and SHA-256, throws `BlobMismatchError` and stores nothing.
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
 * Stores bytes. If an object with this key exists, it is replaced. If the bytes do not have the expected size and
 * SHA-256, throws `BlobMismatchError` and stores nothing.
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
    // If the body or the check fails, `pipe` destroys `checked`. The upload reads from `checked`, so it then fails too.
    const checked = pipe(body, checkedStream(key, expected), () => undefined)
    return objects.upload(bucket, key, checked, options)
  }
  const bytes = Buffer.isBuffer(body) ? body : await readAtMost(body, expected.size)
  check(key, expected, bytes.length, createHash('sha256').update(bytes).digest('hex'))
  return objects.put(bucket, key, bytes, { ...options, sha256: expected.sha256 })
}

/**
 * Reads a stream and returns its bytes. Stops after more than `size` bytes, because the stream is then too long in any
 * case.
 */
const readAtMost = async (body: Readable, size: number): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of buffersOf(body)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > size) break
  }
  return Buffer.concat(chunks)
}

/**
 * Returns a transform that passes the bytes through unchanged. At the end of the stream, it fails with
 * `BlobMismatchError` if the bytes do not have the expected size and SHA-256.
 */
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

/** Throws `BlobMismatchError` if the size or the SHA-256 differs from the expected value. */
const check = (key: string, expected: Expected, size: number, sha256: string): void => {
  if (size !== expected.size) throw new BlobMismatchError(key, `${expected.size} bytes`, `${size} bytes`)
  if (sha256 !== expected.sha256) throw new BlobMismatchError(key, `sha256 ${expected.sha256}`, `sha256 ${sha256}`)
}

/**
 * Writes an object whose bytes S3 copies from a range of another object. The range must not be empty. Throws
 * `ObjectChangedError` if the other object has changed. If an object with this key exists, it is replaced. If
 * `ifAbsent` is true, it is kept, and `ObjectExistsError` is thrown.
 */
export const copyRange = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  range: ObjectRange,
  options: WriteOptions & { readonly ifAbsent?: boolean },
): Promise<PinnedObject> =>
  objects.putInParts(bucket, key, { ...options, storesSha256: true }, (upload) =>
    pMap(
      copiedRanges(range.length, COPY_PART_BYTES),
      ({ start, length }, k) => upload.copyPart(k + 1, { object: range.object, start: range.start + start, length }),
      { concurrency: PARALLEL_COPIES },
    ),
  )

export const pinnedOf = ({ bucket, key, size, etag, version_id }: StoredObject): PinnedObject => ({
  bucket,
  key,
  size,
  etag,
  ...(version_id === undefined ? {} : { version_id }),
})
