import { hash } from 'node:crypto'
import type { WrittenSegment } from '../../shared/compose/segments.ts'
import type { BlobReferenceList, PrefixRange } from '../../shared/blobs/blob-reference-list.ts'
import { PREFIX_COUNT } from '../../shared/blobs/blob-references.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'
import { encodeBuckets } from '../../shared/archive/digest.ts'
import { BLOCK, paddedSize } from '../../shared/archive/tar-header.ts'
import { RESOURCE } from './assumptions.ts'
import type { Work } from './flows.ts'
import { StateError } from './interpreter.ts'
import type { HashRange } from './table.ts'
import { ETAG } from './stores.ts'
import { JOB, MODEL, type World } from './scenario.ts'

/** The number of digest buckets. A bucket is named by 4 hex digits. */
const BUCKETS = 0x10000

export const bucketName = (bucket: number): string => bucket.toString(16).padStart(4, '0')
/** Returns the number of a digest bucket, from its name or from an id hash in it. */
export const bucketOf = (name: string): number =>
  Number.parseInt(name.length > 4 && name !== '10000' ? name.slice(0, 4) : name, 16)

/** Consecutive digest buckets. `to` is exclusive. A bound that is no integer is inside a bucket. */
export type BucketRange = HashRange

/** Returns the number of resources in digest buckets. The sum over all ranges is the number of all resources. */
export const resourcesIn = ({ scenario }: World, { from, to }: BucketRange): number =>
  Math.round((to * scenario.resources) / BUCKETS) - Math.round((from * scenario.resources) / BUCKETS)

/**
 * Works on all resources in digest buckets, until the time limit or until `most` resources. A pass ends between two
 * buckets, so it finishes the bucket that it has begun. Returns the bucket with which the next pass begins.
 */
export const runBuckets = async (
  world: World,
  range: BucketRange,
  work: Omit<Work, 'steps'>,
  { seconds, most = Infinity }: { readonly seconds: number; readonly most?: number },
): Promise<number> => {
  const resources = resourcesIn(world, range)
  const done = await world.flows.run({ ...work, steps: Math.min(resources, most) }, seconds)
  if (done >= resources) return range.to
  const bucketsOf = (count: number): number => (count * BUCKETS) / world.scenario.resources
  const to = Math.min(range.to, range.from + Math.max(1, Math.ceil(bucketsOf(done))))
  const rest = resourcesIn(world, { from: range.from, to }) - done
  const more = await world.flows.run({ ...work, steps: rest }, HAND_OVER_SECONDS - seconds)
  if (more >= rest) return to
  const finished = Math.floor(bucketsOf(done + more))
  if (finished === 0) throw new StateError('ThrottledError', 'the pass did not finish its first digest bucket')
  return range.from + finished
}

/**
 * Works on all resources in digest buckets, until the time limit. A pass can end between any two resources. Returns the
 * position with which the next pass begins, which can be inside a bucket.
 */
export const runResources = async (
  world: World,
  range: BucketRange,
  work: Omit<Work, 'steps'>,
  { seconds }: { readonly seconds: number },
): Promise<number> => {
  const resources = resourcesIn(world, range)
  const done = Math.floor(await world.flows.run({ ...work, steps: resources }, seconds))
  if (done >= resources) return range.to
  if (done === 0) throw new StateError('ThrottledError', 'the pass did not finish its first resource')
  return range.from + (done * BUCKETS) / world.scenario.resources
}

/** After this time, a throttled pass hands over the digest buckets that it has finished. */
export const HAND_OVER_SECONDS = 14 * 60

export const positionOf = ({ from, to }: BucketRange): HashRange => ({ from: from / BUCKETS, to: to / BUCKETS })

const SHA256 = '0'.repeat(64)
const INDEX_BYTES = 8 * BLOCK

/** Returns a segment of `bytes` bytes. It has a plausible description, but its bytes do not exist. */
export const segmentOf = (
  { config }: World,
  key: string,
  bytes: number,
  records?: { readonly model: string; readonly range: BucketRange },
): WrittenSegment => {
  const size = paddedSize(Math.ceil(bytes)) + 4 * BLOCK + INDEX_BYTES
  return {
    object: { bucket: config.buckets.work, key: `work/${JOB}/${key}`, size, etag: ETAG },
    summary: {
      size,
      ...(records === undefined
        ? {}
        : {
            model: records.model,
            first_h: `${bucketName(records.range.from)}000000000000`,
            last_h: `${bucketName(records.range.to - 1)}ffffffffffff`,
          }),
      frame_sha256: SHA256,
      unpacked_size: records === undefined ? 0 : Math.ceil(bytes * 5.6),
      index: { offset: size - INDEX_BYTES, size: INDEX_BYTES, sha256: SHA256, unpacked_size: 4 * INDEX_BYTES },
    },
  }
}

/** Adds an object with the digests of digest buckets. All digests are zero. */
export const addDigests = ({ objects, workFiles }: World, key: string, { from, to }: BucketRange): PinnedObject => {
  const encode = (): Buffer =>
    encodeBuckets(
      Array.from({ length: to - from }, (_, k) => ({ bucket: bucketName(from + k), digest: Buffer.alloc(32) })),
    )
  const size = encodeBuckets([{ bucket: '0000', digest: Buffer.alloc(32) }]).length * (to - from)
  return objects.add(workFiles.bucket, workFiles.key(JOB, key), size, (start, length) =>
    encode().subarray(start, start + length),
  )
}

/** The bytes of a line of a list of references: position, id and model. */
const LINE = 220
const TABLE_BYTES = 4 * (PREFIX_COUNT + 1)

const BLOB_PREFIXES: PrefixRange = { from: PREFIX_COUNT / 2, to: PREFIX_COUNT }

/** Returns a list of references to `blobs` blobs, whose positions are distributed evenly in a range of prefixes. */
export const referencesOf = (
  { objects, workFiles }: World,
  key: string,
  blobs: number,
  { from, to }: PrefixRange = BLOB_PREFIXES,
): BlobReferenceList => {
  /** The number of lines before the first line of a prefix. */
  const linesBefore = (prefix: number): number =>
    Math.ceil((Math.min(Math.max(0, prefix - from), to - from) * blobs) / (to - from))
  const lineOf = (k: number): string => {
    const prefix = from + Math.floor((k * (to - from)) / blobs)
    const position = prefix.toString(16).padEnd(65, k.toString(16).padStart(8, '0'))
    return `${JSON.stringify([position, `blob-${k}`, [MODEL], true, true]).padEnd(LINE - 1)}\n`
  }
  const read = (start: number, length: number): Buffer => {
    if (start >= TABLE_BYTES) {
      const first = (start - TABLE_BYTES) / LINE
      return Buffer.from(Array.from({ length: length / LINE }, (_, k) => lineOf(first + k)).join(''))
    }
    const table = Buffer.alloc(length)
    for (let at = 0; at < length; at += 4) table.writeUInt32LE(LINE * linesBefore((start + at) / 4), at)
    return table
  }
  const object = objects.add(workFiles.bucket, workFiles.key(JOB, key), TABLE_BYTES + LINE * blobs, read)
  return { object, payloads: 0, blobs }
}

/** The compressed size of resources in the archive. */
export const packedBytes = ({ scenario }: World, resources: number): number =>
  (resources * RESOURCE.bytes) / scenario.compression

/** A name of the usual length for an attempt. */
export const attemptId = (n: number, pass: number): string => {
  const hex = hash('sha256', `${n}/${pass}`)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}
