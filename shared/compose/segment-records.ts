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
 * each revision, and then `end`. If a write of an earlier part was throttled until the end of its budget, these methods
 * throw `ThrottledError`. The caller can then only call `reset`, `finish` and `abort`.
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
  /** Marks the end of the last resource. The next resource must be in another digest bucket. */
  mark(): void
  /**
   * Removes all resources after the last call of `mark`. `bucket` is the digest bucket of the first of them. Must be
   * called before `finish`.
   */
  reset(bucket: string): Promise<void>
  /**
   * Finishes the run. The caller must have written at least one resource. After a `ThrottledError`, the caller can call
   * this method again.
   */
  finish(): Promise<WrittenRecords>
  abort(): Promise<void>
}

/** A segment whose object is not complete yet. `digests` are the encoded digests of its buckets. */
interface EndedSegment extends Pick<RecordsSegment, 'resources' | 'revisions' | 'summary'> {
  readonly digests: Buffer
}

/** Writes records as a segment of an archive of version 3. */
export class SegmentRecords implements RecordsTarget {
  readonly #objects: ObjectStore
  readonly #composer: Composer
  readonly #model: string
  readonly #digests: { readonly bucket: string; readonly key: string }
  readonly #segment: SegmentWriter
  readonly #records: RecordsWriter
  #ended: EndedSegment | undefined

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
    throwThrottled(this.#composer)
  }

  async revision(item: Item): Promise<void> {
    await this.#records.revision(item)
    throwThrottled(this.#composer)
  }

  async end(): Promise<void> {
    await this.#records.end()
    throwThrottled(this.#composer)
  }

  discard(): boolean {
    return this.#records.discard()
  }

  mark(): void {
    this.#records.mark(() => {
      const resetSegment = this.#segment.mark()
      const resetComposer = this.#composer.mark()
      return () => {
        resetSegment()
        return resetComposer()
      }
    })
  }

  async reset(bucket: string): Promise<void> {
    if (this.#ended !== undefined) throw new Error('reset must be called before finish')
    await this.#records.reset(bucket)
  }

  async finish(): Promise<WrittenRecords & { readonly kind: 'segment' }> {
    const { digests, ...summary } = (this.#ended ??= await this.#end())
    const segment = {
      model: this.#model,
      ...summary,
      object: await this.#composer.finish(),
      digests: await this.#objects.put(this.#digests.bucket, this.#digests.key, digests),
    }
    return { kind: 'segment', segment }
  }

  async #end(): Promise<EndedSegment> {
    const { resources, revisions, buckets } = await this.#records.finish()
    return { resources, revisions, summary: await this.#segment.finish(), digests: encodeBuckets(buckets) }
  }

  async abort(): Promise<void> {
    await this.#composer.abort()
  }
}

/** Throws the error of a part that was throttled until the end of its budget. */
export const throwThrottled = ({ throttled }: Pick<Composer, 'throttled'>): void => {
  if (throttled !== undefined) throw throttled
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
