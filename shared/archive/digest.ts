import { createHash, type Hash } from 'node:crypto'
import type { Item } from '../tables/item.ts'
import { canonicalJson } from './canonical-json.ts'
import { ArchiveInvalidError } from './errors.ts'

/** The digest of all resources whose place begins with the same 4 hex digits. */
export interface BucketDigest {
  readonly bucket: string
  readonly digest: Buffer
}

/** Leaf of a resource: SHA-256 over the canonical JSON of its metadata and then of its revisions by `sk`, a newline after each. */
export class ResourceLeaf {
  readonly #hash = createHash('sha256')

  add(item: Item): void {
    this.#hash.update(`${canonicalJson(item)}\n`)
  }

  digest(): Buffer {
    return this.#hash.digest()
  }
}

/** Gathers leaves, in the order of their resources, into the digests of buckets: SHA-256 over the raw leaves of each. */
export class BucketDigests {
  #closed: BucketDigest[] = []
  #open: { readonly bucket: string; readonly hash: Hash } | undefined

  /** The leaf of the next resource, whose place is `h`. Throws where it belongs to a bucket before the open one. */
  add(h: string, leaf: Buffer): void {
    const bucket = h.slice(0, 4)
    if (this.#open?.bucket === bucket) {
      this.#open.hash.update(leaf)
      return
    }
    if (this.#open !== undefined && this.#open.bucket > bucket)
      throw new ArchiveInvalidError(`bucket ${bucket} after bucket ${this.#open.bucket}`)
    this.#close()
    this.#open = { bucket, hash: createHash('sha256').update(leaf) }
  }

  /** The buckets that are complete and were not taken before. */
  takeDone(): BucketDigest[] {
    const closed = this.#closed
    this.#closed = []
    return closed
  }

  /** Closes the open bucket and gives all that were not taken before, in order. */
  end(): BucketDigest[] {
    this.#close()
    return this.takeDone()
  }

  #close(): void {
    if (this.#open !== undefined) this.#closed.push({ bucket: this.#open.bucket, digest: this.#open.hash.digest() })
    this.#open = undefined
  }
}

/** A model's digest in hex: SHA-256 over its non-empty buckets in order, 4 ASCII and 32 raw bytes each. */
export const modelDigest = (buckets: Iterable<BucketDigest>): string => {
  const hash = createHash('sha256')
  for (const { bucket, digest } of buckets) hash.update(bucket, 'ascii').update(digest)
  return hash.digest('hex')
}

const PAIR_BYTES = 4 + 32

/** Buckets as bytes, 36 each: what the model's digest is taken over. */
export const encodeBuckets = (buckets: readonly BucketDigest[]): Buffer =>
  Buffer.concat(buckets.flatMap(({ bucket, digest }) => [Buffer.from(bucket, 'ascii'), digest]))

/** Reverses `encodeBuckets`. */
export const decodeBuckets = (bytes: Buffer): BucketDigest[] => {
  if (bytes.length % PAIR_BYTES !== 0) throw new RangeError(`${bytes.length} bytes are no list of bucket digests`)
  return Array.from({ length: bytes.length / PAIR_BYTES }, (_, k) => {
    const pair = bytes.subarray(k * PAIR_BYTES, (k + 1) * PAIR_BYTES)
    return { bucket: pair.toString('ascii', 0, 4), digest: pair.subarray(4) }
  })
}
