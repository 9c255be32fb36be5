import { createHash } from 'node:crypto'
import { pipeline as piped, Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pMap from 'p-map'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import { ObjectChangedError } from '../objects/errors.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { StoredObject, WriteOptions } from '../objects/aws/stored-object.ts'
import { BlobMismatchError } from './errors.ts'

/** What an object's bytes are, proved: by S3's own checksum of the whole object, or by reading them. */
export interface ProvedObject {
  readonly sha256: string
  readonly size: number
  readonly object: PinnedObject
}

/** Up to here a stream is held and put with its SHA-256, which S3 then keeps; beyond, it goes up in parts. */
const HELD_BYTES = 8 * 1024 * 1024
/** Copied parts are made by S3: large ones cost nothing here, and four at once copy faster than one. */
const COPY_PART = 512 * 1024 * 1024
const PARALLEL_COPIES = 4
/** What S3 takes in one upload. */
const MAX_PARTS = 10_000
/** An object that is replaced while it is read is looked at again. */
const PROVE_ATTEMPTS = 3

/** Proves what stands under a key now. Undefined: nothing does. */
export const prove = async (objects: ObjectStore, bucket: string, key: string): Promise<ProvedObject | undefined> => {
  for (let attempt = 1; ; attempt++) {
    const head = await objects.head(bucket, key)
    if (head === undefined) return undefined
    const object = pinnedOf(head)
    if (head.checksumSha256 !== undefined) return { sha256: head.checksumSha256, size: head.size, object }
    try {
      return { sha256: await sha256Of(objects, object), size: head.size, object }
    } catch (error) {
      if (!(error instanceof ObjectChangedError) || attempt === PROVE_ATTEMPTS) throw error
    }
  }
}

const sha256Of = async (objects: ObjectStore, object: PinnedObject): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(await objects.read(object, 0, object.size), hashing(hash))
  return hash.digest('hex')
}

const hashing = (hash: ReturnType<typeof createHash>): Writable =>
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done()
    },
  })

/** What an object must turn out to be. */
export interface Expected {
  readonly size: number
  readonly sha256: string
}

/** Puts bytes where nothing stands yet: false where something does. Throws `BlobMismatchError`; then nothing is stored. */
export const putProvedIfAbsent = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  bytes: Buffer,
  expected: Expected,
  options: WriteOptions,
): Promise<boolean> => {
  checkSum(key, expected, bytes.length, createHash('sha256').update(bytes).digest('hex'))
  const put = await objects.put(bucket, key, bytes, { ...options, sha256: expected.sha256, ifAbsent: true })
  return put !== 'exists'
}

/** Puts bytes whose SHA-256 and size are known. Throws `BlobMismatchError` where they are not these; then nothing is stored. */
export const putProved = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  body: Buffer | Readable,
  expected: Expected,
  options: WriteOptions,
): Promise<PinnedObject> => {
  if (body instanceof Readable && expected.size > HELD_BYTES)
    // The upload reads the checked end, and fails with whatever the pipeline failed with.
    return objects.upload(
      bucket,
      key,
      piped(body, checked(key, expected), () => undefined),
      options,
    )
  const bytes = Buffer.isBuffer(body) ? body : await held(body, expected.size)
  checkSum(key, expected, bytes.length, createHash('sha256').update(bytes).digest('hex'))
  return objects.put(bucket, key, bytes, { ...options, sha256: expected.sha256 })
}

/** A little more than what was announced is held, so that too much is noticed. */
const held = async (body: Readable, size: number): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > size) break
  }
  return Buffer.concat(chunks)
}

/** Passes bytes on and fails at the end where they are not those expected: the upload is then dropped. */
const checked = (key: string, expected: Expected): Transform => {
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
        checkSum(key, expected, size, hash.digest('hex'))
        done()
      } catch (error) {
        done(error instanceof Error ? error : new Error('the checksum could not be taken', { cause: error }))
      }
    },
  })
}

const checkSum = (key: string, expected: Expected, size: number, sha256: string): void => {
  if (size !== expected.size) throw new BlobMismatchError(key, `${expected.size} bytes`, `${size} bytes`)
  if (sha256 !== expected.sha256) throw new BlobMismatchError(key, `sha256 ${expected.sha256}`, `sha256 ${sha256}`)
}

/** Lets S3 copy a range (of a byte at least) of an object to a key of its own. Throws `ObjectChangedError` and, with `ifAbsent`, `ObjectExistsError`. */
export const copyRange = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  range: ObjectRange,
  { ifAbsent = false, ...options }: WriteOptions & { readonly ifAbsent?: boolean },
): Promise<PinnedObject> => {
  const upload = await objects.multipart(bucket, key, options)
  try {
    const count = Math.ceil(range.length / Math.max(COPY_PART, Math.ceil(range.length / MAX_PARTS)))
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
    return await upload.complete({ ifAbsent, strictly: ifAbsent })
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
