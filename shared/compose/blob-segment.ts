import type { NewEntry } from '../archive/index-line.ts'
import { SegmentWriter } from '../archive/segment-writer.ts'
import { blobName } from '../blobs/blob-name.ts'
import { type BlobProperties, propertiesOf } from '../blobs/blob-properties.ts'
import { type BlobReference, isPayloadPosition } from '../blobs/blob-references.ts'
import { abandon } from '../objects/abandon.ts'
import type { Composer } from '../objects/composer.ts'
import type { ObjectRange } from '../objects/object.ts'
import type { ThrottledError } from '../throttling/throttled-error.ts'
import { addCount } from '../values/model-counts.ts'
import type { WrittenSegment } from './segments.ts'

/** The content of an entry. */
export interface EntrySource extends BlobProperties {
  /** The content as a range of a stored object. */
  readonly range: ObjectRange
  readonly sha256: string
  /** The bytes of small content. If they are absent, S3 copies `range` into the segment. */
  readonly bytes?: Buffer
}

/** Returns the entry of a blob. */
export const blobEntry = (
  id: string,
  { range, sha256, user_metadata = {}, ...properties }: Omit<EntrySource, 'bytes'>,
): NewEntry => ({
  kind: 'blob',
  path: `blobs/${blobName(id)}`,
  sha256,
  file_id: id,
  ...propertiesOf(properties),
  ...(Object.keys(user_metadata).length === 0 ? {} : { user_metadata }),
  size: range.length,
})

/** Writes a segment of payloads and blobs, and counts its entries and bytes. */
export class BlobSegment {
  readonly #composer: Composer
  readonly #segment: SegmentWriter
  /** For each model, the number of blobs in this segment to which the model refers. */
  readonly models: Record<string, number> = {}
  /** Number of payloads and blobs. */
  entries = 0
  /** Number of bytes in all payloads and blobs. */
  bytes = 0
  /** Number of bytes that passed through this process. Bytes that S3 copied are not included. */
  bytesRead = 0
  blobs = 0
  blobBytes = 0
  #summary: WrittenSegment['summary'] | undefined

  constructor(name: string, composer: Composer) {
    this.#composer = composer
    this.#segment = new SegmentWriter(name, composer)
  }

  /** Size of the segment's index so far, in uncompressed bytes. */
  get indexBytes(): number {
    return this.#segment.indexBytes
  }

  /** The error of a part that was throttled until the end of its budget. `finish` then sends the part again. */
  get throttled(): ThrottledError | undefined {
    return this.#composer.throttled
  }

  async add(
    { position, id, models }: Pick<BlobReference, 'position' | 'id' | 'models'>,
    source: EntrySource,
  ): Promise<void> {
    const { range, sha256, bytes } = source
    const isPayload = isPayloadPosition(position)
    const entry = isPayload
      ? { kind: 'payload' as const, path: `payloads/${sha256}`, sha256, size: range.length }
      : blobEntry(id, source)
    if (bytes === undefined) await this.#segment.object(entry, range)
    else {
      await this.#segment.entry(entry, bytes)
      this.bytesRead += bytes.length
    }
    this.entries += 1
    this.bytes += range.length
    if (isPayload) return
    this.blobs += 1
    this.blobBytes += range.length
    for (const model of models) addCount(this.models, model)
  }

  /**
   * Finishes the segment. If it has no entry, stores nothing and returns `undefined`. After a `ThrottledError`, the
   * caller can call this method again.
   */
  async finish(): Promise<WrittenSegment | undefined> {
    if (this.entries === 0) {
      await abandon(this.#composer)
      return undefined
    }
    this.#summary ??= await this.#segment.finish()
    return { summary: this.#summary, object: await this.#composer.finish() }
  }
}
