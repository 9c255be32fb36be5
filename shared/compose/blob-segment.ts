import { SegmentWriter } from '../archive/segment-writer.ts'
import { blobName } from '../blobs/blob-name.ts'
import type { BlobReference } from '../blobs/blob-references.ts'
import type { Composer } from '../objects/composer.ts'
import type { ObjectRange } from '../objects/object.ts'
import type { WrittenSegment } from './records-target.ts'
import { addCount } from '../values/model-counts.ts'

/** Where the bytes of an entry come from: small ones are given, large ones are laid in by the storage out of `range`. */
export interface BlobSource {
  readonly range: ObjectRange
  readonly sha256: string
  readonly bytes?: Buffer
  readonly content_type?: string
}

/** A segment of payloads and blobs, begun with its first entry, and the sums over it. */
export class BlobSegment {
  readonly #composer: Composer
  readonly #segment: SegmentWriter
  readonly models: Record<string, number> = {}
  entries = 0
  /** Bytes that went through this program: not those that the storage copied. */
  throughBytes = 0
  bytes = 0
  blobs = 0
  blobBytes = 0

  constructor(name: string, composer: Composer) {
    this.#composer = composer
    this.#segment = new SegmentWriter(name, composer)
  }

  async add(seen: Pick<BlobReference, 'position' | 'id' | 'models'>, stored: BlobSource): Promise<void> {
    const { range, sha256, bytes, content_type } = stored
    const isPayload = seen.position.startsWith('0')
    const entry = isPayload
      ? { kind: 'payload' as const, path: `payloads/${sha256}`, sha256 }
      : {
          kind: 'blob' as const,
          path: `blobs/${blobName(seen.id)}`,
          sha256,
          file_id: seen.id,
          ...(content_type === undefined ? {} : { content_type }),
        }
    if (bytes !== undefined) {
      await this.#segment.entry({ ...entry, size: bytes.length }, bytes)
      this.throughBytes += bytes.length
    } else await this.#segment.object({ ...entry, size: range.length }, range)
    this.entries += 1
    this.bytes += range.length
    if (isPayload) return
    this.blobs += 1
    this.blobBytes += range.length
    for (const model of seen.models) addCount(this.models, model)
  }

  async finish(): Promise<WrittenSegment | undefined> {
    if (this.entries === 0) {
      await this.#composer.abort()
      return undefined
    }
    return { summary: await this.#segment.finish(), object: await this.#composer.finish() }
  }
}
