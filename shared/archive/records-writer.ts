import { hash } from 'node:crypto'
import { must } from '../values/must.ts'
import type { Item } from '../tables/item.ts'
import { BucketDigests, type BucketDigest, ResourceLeaf } from './digest.ts'
import { CHUNK_BYTES, MAX_CHUNK_BYTES } from './limits.ts'
import { encodeLine } from './record-line.ts'
import type { SegmentWriter } from './segment-writer.ts'
import { packZstd } from './zstd.ts'

/** What a segment of records holds. */
export interface RecordsSummary {
  readonly resources: number
  readonly revisions: number
  readonly first_h?: string
  readonly last_h?: string
  /** The segment's buckets in order. */
  readonly buckets: readonly BucketDigest[]
  readonly unpacked_size: number
}

/** Sizes of chunks, unpacked: closed at a resource's end from `full` on, and never over `max`. */
export interface ChunkLimits {
  readonly full: number
  readonly max: number
}

interface Line {
  readonly bytes: Buffer
  readonly h: string
  readonly kind: 'metadata' | 'revision'
}

/** A chunk that is to be packed. The lines that it was made of are let go: else each would be held twice. */
interface Chunk {
  readonly unpacked: Buffer
  readonly resources: number
  readonly revisions: number
  readonly first_h: string
  readonly last_h: string
}

const chunkOf = (lines: readonly Line[]): Chunk => {
  const resources = lines.filter(({ kind }) => kind === 'metadata').length
  return {
    unpacked: Buffer.concat(lines.map(({ bytes }) => bytes)),
    resources,
    revisions: lines.length - resources,
    first_h: must(lines[0]).h,
    last_h: must(lines.at(-1)).h,
  }
}

/**
 * Writes resources, in the order of the archive, as chunks of a segment: `begin`, its revisions in the order of `sk`, `end`,
 * for each. One chunk is packed while the next is gathered; two of at most 16 MiB are held.
 */
export class RecordsWriter {
  readonly #segment: SegmentWriter
  readonly #model: string
  readonly #limits: ChunkLimits
  readonly #buckets = new BucketDigests()
  #lines: Line[] = []
  #bytes = 0
  /** The lines of the open resource in this chunk begin here. */
  #resourceFrom = 0
  #leaf: ResourceLeaf | undefined
  #h = ''
  #first: string | undefined
  #chunks = 0
  #resources = 0
  #revisions = 0
  #writing: Promise<void> = Promise.resolve()
  #unpacked = 0
  #packed = 0

  constructor(
    segment: SegmentWriter,
    model: string,
    limits: ChunkLimits = { full: CHUNK_BYTES, max: MAX_CHUNK_BYTES },
  ) {
    this.#segment = segment
    this.#model = model
    this.#limits = limits
  }

  /** Unpacked bytes of all lines so far. */
  get unpackedSoFar(): number {
    return this.#unpacked
  }

  /** Packed bytes of the chunks that are written; the one being gathered and the one being packed are not counted yet. */
  get packedSoFar(): number {
    return this.#packed
  }

  /** Begins a resource with its metadata, at place `h`. */
  async begin(metadata: Item, h: string): Promise<void> {
    if (this.#leaf !== undefined) throw new Error('the resource before has no end')
    this.#leaf = new ResourceLeaf()
    this.#h = h
    this.#first ??= h
    this.#resourceFrom = this.#lines.length
    this.#resources += 1
    await this.#add(metadata, 'metadata', this.#leaf)
  }

  /** The open resource's next revision. */
  async revision(item: Item): Promise<void> {
    if (this.#leaf === undefined) throw new Error('a revision without its resource')
    this.#revisions += 1
    await this.#add(item, 'revision', this.#leaf)
  }

  /** Ends the open resource and gives its leaf of the digest. */
  async end(): Promise<{ leaf: Buffer }> {
    if (this.#leaf === undefined) throw new Error('no resource has begun')
    const leaf = this.#leaf.digest()
    this.#leaf = undefined
    this.#buckets.add(this.#h, leaf)
    if (this.#bytes >= this.#limits.full) await this.#flush(this.#lines.length)
    return { leaf }
  }

  /** Writes what is left. The segment's own end is the caller's. */
  async finish(): Promise<RecordsSummary> {
    if (this.#lines.length > 0) await this.#flush(this.#lines.length)
    await this.#writing
    return {
      resources: this.#resources,
      revisions: this.#revisions,
      ...(this.#first === undefined ? {} : { first_h: this.#first, last_h: this.#h }),
      buckets: this.#buckets.end(),
      unpacked_size: this.#unpacked,
    }
  }

  async #add(item: Item, kind: Line['kind'], leaf: ResourceLeaf): Promise<void> {
    const bytes = encodeLine(item)
    leaf.add(item)
    if (this.#bytes + bytes.length > this.#limits.max && this.#lines.length > 0) {
      // What came before the open resource goes first; only a resource that is larger than a chunk is cut.
      if (this.#resourceFrom > 0) await this.#flush(this.#resourceFrom)
      if (this.#bytes + bytes.length > this.#limits.max && this.#lines.length > 0) await this.#flush(this.#lines.length)
    }
    this.#lines.push({ bytes, h: this.#h, kind })
    this.#bytes += bytes.length
    this.#unpacked += bytes.length
  }

  /** Closes a chunk of the first `count` lines (at least those before the open resource) and begins to pack it, once the one before is written. */
  async #flush(count: number): Promise<void> {
    const lines = this.#lines.slice(0, count)
    this.#lines = this.#lines.slice(count)
    this.#resourceFrom = 0
    const size = lines.reduce((sum, { bytes }) => sum + bytes.length, 0)
    this.#bytes -= size
    await this.#writing
    this.#writing = this.#write(chunkOf(lines), this.#chunks++)
    // Awaited with the next chunk; until then a rejection must not end the process.
    this.#writing.catch(() => undefined)
  }

  async #write({ unpacked, ...told }: Chunk, number: number): Promise<void> {
    const packed = await packZstd(unpacked)
    await this.#segment.entry(
      {
        path: `models/${this.#model}/${this.#segment.name}-${number.toString().padStart(5, '0')}.jsonl.zst`,
        size: packed.length,
        sha256: hash('sha256', packed),
        kind: 'records',
        unpacked_size: unpacked.length,
        model: this.#model,
        ...told,
      },
      packed,
    )
    this.#packed += packed.length
  }
}
