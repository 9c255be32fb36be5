import { createHash, type Hash } from 'node:crypto'
import type { Item } from '../tables/item.ts'
import { canonicalJson } from './canonical-json.ts'
import { ArchiveInvalidError } from './errors.ts'

/** The digest of all resources in one bucket. The id hashes of these resources have the same first 4 digits. */
export interface BucketDigest {
  /** The 4 hex digits with which the id hashes begin. */
  readonly bucket: string
  readonly digest: Buffer
}

/**
 * Computes the digest of a resource, which is called its leaf. It is the SHA-256 of the canonical JSON of the metadata
 * and of the revisions in the order of `sk`, with a newline after each item.
 */
export class ResourceLeaf {
  readonly #hash = createHash('sha256')

  /** Adds an item. The caller adds the metadata first, and then the revisions in the order of `sk`. */
  add(item: Item): void {
    this.#hash.update(`${canonicalJson(item)}\n`)
  }

  digest(): Buffer {
    return this.#hash.digest()
  }
}

/** Computes the digests of buckets. The caller must add the leaves of the resources in archive order. */
export class BucketDigests {
  #closed: BucketDigest[] = []
  #open: { readonly bucket: string; readonly hash: Hash } | undefined

  /**
   * Adds the leaf of the next resource, whose id hash is `h`. Throws `ArchiveInvalidError` if its bucket precedes the
   * bucket of the previous resource.
   */
  add(h: string, leaf: Buffer): void {
    const bucket = h.slice(0, 4)
    if (this.#open?.bucket === bucket) {
      this.#open.hash.update(leaf)
      return
    }
    if (this.#open !== undefined && this.#open.bucket > bucket)
      throw new ArchiveInvalidError(
        `bucket ${bucket} follows bucket ${this.#open.bucket}; buckets must be in ascending order`,
      )
    this.#close()
    this.#open = { bucket, hash: createHash('sha256').update(leaf) }
  }

  /** Removes this bucket and all later buckets. */
  removeFrom(bucket: string): void {
    this.#close()
    this.#closed = this.#closed.filter((closed) => closed.bucket < bucket)
  }

  /** Closes the open bucket. Returns, in order, all buckets that were closed since the last call. */
  end(): BucketDigest[] {
    this.#close()
    const closed = this.#closed
    this.#closed = []
    return closed
  }

  #close(): void {
    if (this.#open !== undefined) this.#closed.push({ bucket: this.#open.bucket, digest: this.#open.hash.digest() })
    this.#open = undefined
  }
}

/**
 * Returns the digest of a model in hex. It is the SHA-256 of the result of `encodeBuckets` for all buckets of the
 * model, in order.
 */
export const modelDigest = (buckets: Iterable<BucketDigest>): string => {
  const hash = createHash('sha256')
  for (const { bucket, digest } of buckets) hash.update(bucket, 'ascii').update(digest)
  return hash.digest('hex')
}

const BUCKET_BYTES = 4 + 32

/** Encodes each bucket as 36 bytes: its 4 digits in ASCII, and then the 32 bytes of its digest. */
export const encodeBuckets = (buckets: readonly BucketDigest[]): Buffer =>
  Buffer.concat(buckets.flatMap(({ bucket, digest }) => [Buffer.from(bucket, 'ascii'), digest]))

/** Decodes the result of `encodeBuckets`. Throws `RangeError` if the length is not a multiple of 36 bytes. */
export const decodeBuckets = (bytes: Buffer): BucketDigest[] => {
  if (bytes.length % BUCKET_BYTES !== 0)
    throw new RangeError(
      `a list of bucket digests has ${bytes.length} bytes, which is not a multiple of ${BUCKET_BYTES}`,
    )
  return Array.from({ length: bytes.length / BUCKET_BYTES }, (_, k) => {
    const encoded = bytes.subarray(k * BUCKET_BYTES, (k + 1) * BUCKET_BYTES)
    return { bucket: encoded.toString('ascii', 0, 4), digest: encoded.subarray(4) }
  })
}
