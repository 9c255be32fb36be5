import { encodeBuckets } from '../archive/digest.ts'
import { RecordInvalidError } from '../archive/errors.ts'
import { RecordsWriter } from '../archive/records-writer.ts'
import { SegmentWriter } from '../archive/segment-writer.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { Composer } from '../objects/composer.ts'
import type { ListedResources } from '../jobs/job-lists.ts'
import type { Item } from '../tables/item.ts'
import type { RecordsPiece, RecordsSegment } from './segments.ts'

/** The result of writing a run of records. It is a segment of an archive, or a piece of a SpecStar stream. */
export type WrittenRecords =
  | { readonly kind: 'segment'; readonly segment: RecordsSegment }
  | {
      readonly kind: 'piece'
      readonly piece: RecordsPiece
      /** The resources of which attributes were omitted, because a stream cannot contain them. */
      readonly omitted?: ListedResources
    }

/**
 * Writes the resources of one model in archive order. For each resource, the caller calls `begin`, then `revision` for
 * each revision, and then `end`.
 */
export interface RecordsTarget {
  /** Number of stored (compressed) bytes so far. */
  readonly bytesSoFar: number
  begin(metadata: Item, h: string): Promise<void>
  revision(item: Item): Promise<void>
  end(): Promise<void>
  /**
   * Removes the open resource and returns true. If a part of the resource is already written, returns false. The caller
   * must then abort the whole run.
   */
  discard(): boolean
  /** Finishes the run. The caller must have written at least one resource. */
  finish(): Promise<WrittenRecords>
  abort(): Promise<void>
}

/** Writes records as a segment of an archive of version 3. */
export class SegmentRecords implements RecordsTarget {
  readonly #objects: ObjectStore
  readonly #composer: Composer
  readonly #model: string
  readonly #digests: { readonly bucket: string; readonly key: string }
  readonly #segment: SegmentWriter
  readonly #records: RecordsWriter

  /**
   * `name` is the name of the segment in the archive. The digests of the segment's buckets are written to the object
   * `digests`.
   */
  constructor(
    objects: ObjectStore,
    composer: Composer,
    model: string,
    name: string,
    digests: { readonly bucket: string; readonly key: string },
  ) {
    this.#objects = objects
    this.#composer = composer
    this.#model = model
    this.#digests = digests
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

  discard(): boolean {
    return this.#records.discard()
  }

  async finish(): Promise<WrittenRecords & { readonly kind: 'segment' }> {
    const { resources, revisions, buckets } = await this.#records.finish()
    const segment = {
      model: this.#model,
      resources,
      revisions,
      summary: await this.#segment.finish(),
      object: await this.#composer.finish(),
      digests: await this.#objects.put(this.#digests.bucket, this.#digests.key, encodeBuckets(buckets)),
    }
    return { kind: 'segment', segment }
  }

  async abort(): Promise<void> {
    await this.#composer.abort()
  }
}

/**
 * Calls `write`. Returns undefined if the record was written. If the record violates a rule of archives, returns the
 * reason.
 */
export const invalidReason = async (write: () => Promise<void>): Promise<string | undefined> => {
  try {
    await write()
    return undefined
  } catch (error) {
    if (error instanceof RecordInvalidError) return error.reason
    throw error
  }
}
