import { createHash, type Hash } from 'node:crypto'
import type { Item } from '../tables/item.ts'
import { canonicalJson } from './canonical-json.ts'
import { ArchiveInvalidError } from './errors.ts'

/** The digest of all resources in one digest bucket: their hash keys begin with the same 4 hex digits. */
export interface BucketDigest {
  readonly bucket: string
  readonly digest: Buffer
}

/**
 * The leaf of a resource: SHA-256 over the canonical JSON of its metadata and then of its revisions by `sk`, a
 * newline after each.
 */
export class ResourceLeaf {
  readonly #hash = createHash('sha256')

  /** Adds the metadata item first, and then each revision. */
  add(item: Item): void {
    this.#hash.update(`${canonicalJson(item)}\n`)
  }

  digest(): Buffer {
    return this.#hash.digest()
  }
}

/** Computes the digests of buckets from the leaves of resources in archive order. */
export class BucketDigests {
  #closed: BucketDigest[] = []
  #open: { readonly bucket: string; readonly hash: Hash } | undefined

  /**
   * Adds the leaf of the next resource, which has the hash key `h`. Throws if its bucket comes before the open
   * bucket.
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

  /** Closes the open bucket, and returns all buckets since the last call, in order. */
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

/** The digest of a model in hex: SHA-256 over its non-empty buckets in order, as `encodeBuckets` writes them. */
export const modelDigest = (buckets: Iterable<BucketDigest>): string => {
  const hash = createHash('sha256')
  for (const { bucket, digest } of buckets) hash.update(bucket, 'ascii').update(digest)
  return hash.digest('hex')
}

const BUCKET_BYTES = 4 + 32

/** Encodes each bucket as 36 bytes: its 4 digits in ASCII, and its digest. */
export const encodeBuckets = (buckets: readonly BucketDigest[]): Buffer =>
  Buffer.concat(buckets.flatMap(({ bucket, digest }) => [Buffer.from(bucket, 'ascii'), digest]))

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
