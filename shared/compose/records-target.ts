import { encodeBuckets } from '../archive/digest.ts'
import { RecordsWriter } from '../archive/records-writer.ts'
import { SegmentWriter, type SegmentSummary } from '../archive/segment-writer.ts'
import type { Composer } from '../objects/composer.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Item } from '../tables/item.ts'
import type { Services } from '../runtime/services.ts'

/** A segment that a pass wrote into the work bucket. */
export interface WrittenSegment {
  readonly object: PinnedObject
  readonly summary: SegmentSummary
}

export interface RecordsSegment extends WrittenSegment {
  readonly model: string
  readonly resources: number
  readonly revisions: number
  /** The digests of the segment's buckets, 36 bytes each. */
  readonly digests: PinnedObject
}

/** A run of records of SpecStar's stream, all of one model's section. */
export interface RecordsPiece {
  readonly object: PinnedObject
  readonly model: string
  /** The place of its first resource. */
  readonly first_h: string
  readonly resources: number
  readonly revisions: number
}

/** What a run of records was written as: a segment of an archive, or a piece of a stream. */
export type WrittenRecords =
  | { readonly kind: 'segment'; readonly segment: RecordsSegment }
  | { readonly kind: 'piece'; readonly piece: RecordsPiece }

/** ResourceFilter one model's resources in order: `begin`, its revisions, `end`, for each. */
export interface RecordsTarget {
  /** Bytes written so far, packed as they are kept. */
  readonly bytesSoFar: number
  begin(metadata: Item, h: string): Promise<void>
  revision(item: Item): Promise<void>
  end(): Promise<void>
  /** At least one resource was taken. */
  finish(): Promise<WrittenRecords>
  abort(): Promise<void>
}

/** Writes records as a segment of an archive of version 3. */
export class SegmentRecords implements RecordsTarget {
  readonly #services: Services
  readonly #composer: Composer
  readonly #model: string
  readonly #digestsKey: string
  readonly #segment: SegmentWriter
  readonly #records: RecordsWriter

  constructor(services: Services, composer: Composer, model: string, name: string, digestsKey: string) {
    this.#services = services
    this.#composer = composer
    this.#model = model
    this.#digestsKey = digestsKey
    this.#segment = new SegmentWriter(name, composer, model)
    this.#records = new RecordsWriter(this.#segment, model)
  }

  get bytesSoFar(): number {
    return this.#records.packedSoFar
  }

  async begin(metadata: Item, h: string): Promise<void> {
    await this.#records.begin(metadata, h)
  }

  async revision(item: Item): Promise<void> {
    await this.#records.revision(item)
  }

  async end(): Promise<void> {
    await this.#records.end()
  }

  async finish(): Promise<WrittenRecords> {
    const { objects, config } = this.#services
    const { resources, revisions, buckets } = await this.#records.finish()
    const segment = {
      model: this.#model,
      resources,
      revisions,
      summary: await this.#segment.finish(),
      object: await this.#composer.finish(),
      digests: await objects.put(config.buckets.work, this.#digestsKey, encodeBuckets(buckets)),
    }
    return { kind: 'segment', segment }
  }

  async abort(): Promise<void> {
    await this.#composer.abort()
  }
}
