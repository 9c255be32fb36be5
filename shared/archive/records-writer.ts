import { hash } from 'node:crypto'
import type { Item } from '../tables/item.ts'
import { must } from '../values/must.ts'
import { compressZstd } from './compression.ts'
import { BucketDigests, type BucketDigest, ResourceLeaf } from './digest.ts'
import { CHUNK_BYTES, MAX_CHUNK_BYTES } from './limits.ts'
import { encodeLine } from './record-line.ts'
import type { SegmentWriter } from './segment-writer.ts'

/** Describes the records of a segment that has been written. */
export interface RecordsSummary {
  readonly resources: number
  readonly revisions: number
  readonly first_h?: string
  readonly last_h?: string
  /** The digests of the segment's buckets, in order. */
  readonly buckets: readonly BucketDigest[]
  readonly unpacked_size: number
}

/** Uncompressed sizes of chunks in bytes. */
export interface ChunkLimits {
  /** At the end of a resource, a chunk of at least this size is closed. */
  readonly full: number
  /** The maximum size of a chunk. A larger resource is divided between chunks. */
  readonly max: number
}

interface Line {
  readonly bytes: Buffer
  readonly h: string
  readonly kind: 'metadata' | 'revision'
}

/** A chunk before compression. `bytes` is a copy of the lines, so that the memory of the lines can be freed. */
interface Chunk {
  readonly bytes: Buffer
  readonly resources: number
  readonly revisions: number
  readonly first_h: string
  readonly last_h: string
}

/** The resource that has begun and not ended. */
interface OpenResource {
  readonly leaf: ResourceLeaf
  /** The state before the resource began. `discard` restores this state. */
  readonly before: { readonly h: string; readonly firstH: string | undefined; readonly revisions: number }
  /** True if a closed chunk contains lines of the resource. */
  isDivided: boolean
}

/** The state at the end of a resource, to which `reset` returns. */
interface Mark {
  /** The number of chunks that were closed. The next chunk begins with the first `count` elements of `lines`. */
  readonly chunks: number
  readonly lines: readonly Line[]
  readonly count: number
  readonly lineBytes: number
  readonly h: string
  readonly firstH: string | undefined
  readonly resources: number
  readonly revisions: number
  readonly unpackedSize: number
  readonly markSegment: () => () => Promise<void>
  /** Removes the chunks after the first `chunks` from the segment. Undefined if none of them has been written. */
  resetSegment: (() => Promise<void>) | undefined
}

const chunkOf = (lines: readonly Line[]): Chunk => {
  const resources = lines.filter(({ kind }) => kind === 'metadata').length
  return {
    bytes: Buffer.concat(lines.map(({ bytes }) => bytes)),
    resources,
    revisions: lines.length - resources,
    first_h: must(lines[0]).h,
    last_h: must(lines.at(-1)).h,
  }
}

/**
 * Writes resources as chunks of a segment. The caller adds the resources in archive order. For each resource, the
 * caller calls `begin`, then `revision` for each revision in the order of `sk`, and then `end`. At most two chunks are
 * in memory, because one chunk is compressed while the next chunk is collected.
 */
export class RecordsWriter {
  readonly #segment: SegmentWriter
  readonly #model: string
  readonly #limits: ChunkLimits
  readonly #buckets = new BucketDigests()
  #lines: Line[] = []
  #lineBytes = 0
  /** Index in `#lines` of the open resource's first line. */
  #resourceStart = 0
  #open: OpenResource | undefined
  #mark: Mark | undefined
  #h = ''
  #firstH: string | undefined
  #chunks = 0
  #resources = 0
  #revisions = 0
  #writing: Promise<void> = Promise.resolve()
  #unpackedSize = 0
  #packedSize = 0

  constructor(
    segment: SegmentWriter,
    model: string,
    limits: ChunkLimits = { full: CHUNK_BYTES, max: MAX_CHUNK_BYTES },
  ) {
    this.#segment = segment
    this.#model = model
    this.#limits = limits
  }

  /** Uncompressed size in bytes of all lines so far. */
  get unpackedSoFar(): number {
    return this.#unpackedSize
  }

  /**
   * Compressed size in bytes of the chunks written so far. Does not include chunks that are being collected or
   * compressed.
   */
  get packedSoFar(): number {
    return this.#packedSize
  }

  /** Begins a resource with its metadata. `h` is the id hash of the resource. */
  async begin(metadata: Item, h: string): Promise<void> {
    if (this.#open !== undefined) throw new Error('end must be called before the next begin')
    const leaf = new ResourceLeaf()
    const before = { h: this.#h, firstH: this.#firstH, revisions: this.#revisions }
    this.#open = { leaf, before, isDivided: false }
    this.#h = h
    this.#firstH ??= h
    this.#resourceStart = this.#lines.length
    this.#resources += 1
    await this.#add(metadata, 'metadata', leaf)
  }

  /** Adds a revision to the open resource. */
  async revision(item: Item): Promise<void> {
    if (this.#open === undefined) throw new Error('begin must be called before revision')
    this.#revisions += 1
    await this.#add(item, 'revision', this.#open.leaf)
  }

  /** Ends the open resource. Returns its leaf, a SHA-256. */
  async end(): Promise<{ leaf: Buffer }> {
    if (this.#open === undefined) throw new Error('begin must be called before end')
    const leaf = this.#open.leaf.digest()
    this.#open = undefined
    this.#buckets.add(this.#h, leaf)
    if (this.#lineBytes >= this.#limits.full) await this.#flush(this.#lines.length)
    return { leaf }
  }

  /**
   * Removes the open resource and returns true. If a closed chunk already contains a part of the resource, removes
   * nothing and returns false. The caller must then abort the whole segment.
   */
  discard(): boolean {
    if (this.#open === undefined) throw new Error('begin must be called before discard')
    const { before, isDivided } = this.#open
    if (isDivided) return false
    const removed = this.#lines.splice(this.#resourceStart).reduce((sum, { bytes }) => sum + bytes.length, 0)
    this.#lineBytes -= removed
    this.#unpackedSize -= removed
    this.#resources -= 1
    this.#open = undefined
    this.#h = before.h
    this.#firstH = before.firstH
    this.#revisions = before.revisions
    return true
  }

  /**
   * Marks the end of the last resource, so that `reset` can remove all later resources. The next resource must be in
   * another digest bucket. `markSegment` returns a function that removes the entries of the segment that were added
   * after its call.
   */
  mark(markSegment: () => () => Promise<void>): void {
    this.#mark = {
      chunks: this.#chunks,
      // A chunk takes its lines from a new array, so these elements do not change.
      lines: this.#lines,
      count: this.#lines.length,
      lineBytes: this.#lineBytes,
      h: this.#h,
      firstH: this.#firstH,
      resources: this.#resources,
      revisions: this.#revisions,
      unpackedSize: this.#unpackedSize,
      markSegment,
      resetSegment: undefined,
    }
  }

  /**
   * Removes all resources after the last call of `mark`, also an open one. `bucket` is the digest bucket of the first
   * of them. Must be called before `finish`.
   */
  async reset(bucket: string): Promise<void> {
    const mark = must(this.#mark)
    await this.#writing
    await mark.resetSegment?.()
    this.#mark = undefined
    this.#open = undefined
    this.#chunks = mark.chunks
    this.#lines = mark.lines.slice(0, mark.count)
    this.#lineBytes = mark.lineBytes
    this.#h = mark.h
    this.#firstH = mark.firstH
    this.#resources = mark.resources
    this.#revisions = mark.revisions
    this.#unpackedSize = mark.unpackedSize
    this.#buckets.removeFrom(bucket)
  }

  /** Writes the last chunk. The caller finishes the segment. */
  async finish(): Promise<RecordsSummary> {
    if (this.#lines.length > 0) await this.#flush(this.#lines.length)
    await this.#writing
    return {
      resources: this.#resources,
      revisions: this.#revisions,
      ...(this.#firstH === undefined ? {} : { first_h: this.#firstH, last_h: this.#h }),
      buckets: this.#buckets.end(),
      unpacked_size: this.#unpackedSize,
    }
  }

  async #add(item: Item, kind: Line['kind'], leaf: ResourceLeaf): Promise<void> {
    const bytes = encodeLine(item)
    leaf.add(item)
    const fits = (): boolean => this.#lines.length === 0 || this.#lineBytes + bytes.length <= this.#limits.max
    // If the line does not fit, the previous resources become a chunk first. The open resource is divided only if it is
    // too large for one chunk.
    if (!fits() && this.#resourceStart > 0) await this.#flush(this.#resourceStart)
    if (!fits()) await this.#flush(this.#lines.length)
    this.#lines.push({ bytes, h: this.#h, kind })
    this.#lineBytes += bytes.length
    this.#unpackedSize += bytes.length
  }

  /**
   * Closes a chunk with the first `count` lines. Waits until the previous chunk is written, and then starts to compress
   * this chunk.
   */
  async #flush(count: number): Promise<void> {
    if (this.#open !== undefined && count > this.#resourceStart) this.#open.isDivided = true
    const lines = this.#lines.slice(0, count)
    this.#lines = this.#lines.slice(count)
    this.#resourceStart = 0
    this.#lineBytes -= lines.reduce((sum, { bytes }) => sum + bytes.length, 0)
    await this.#writing
    this.#writing = this.#write(chunkOf(lines), this.#chunks++)
    // The next `#flush` or `finish` awaits this promise and throws its error. If the write fails earlier, this handler
    // prevents an unhandled rejection, which would end the process.
    this.#writing.catch(() => undefined)
  }

  async #write({ bytes, ...counts }: Chunk, number: number): Promise<void> {
    const compressed = await compressZstd(bytes)
    if (this.#mark?.chunks === number) this.#mark.resetSegment = this.#mark.markSegment()
    await this.#segment.entry(
      {
        path: `models/${this.#model}/${this.#segment.name}-${number.toString().padStart(5, '0')}.jsonl.zst`,
        size: compressed.length,
        sha256: hash('sha256', compressed),
        kind: 'records',
        unpacked_size: bytes.length,
        model: this.#model,
        ...counts,
      },
      compressed,
    )
    this.#packedSize += compressed.length
  }
}
