import pLimit from 'p-limit'
import { ArchiveInvalidError } from '../../archive/errors.ts'
import type { IndexLine } from '../../archive/index-line.ts'
import { type BlobReference, isPayloadPosition } from '../../blobs/blob-references.ts'
import type { MissingBlob } from '../../blobs/referrer.ts'
import { propertiesOf, propertyCharacters } from '../../blobs/blob-properties.ts'
import { propertyDifferences } from '../../blobs/property-differences.ts'
import type { BlobStore, VerifiedContent } from '../../blobs/blob-store.ts'
import type { HashPosition, HashSteps } from '../../blobs/hash-in-steps.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { Strategy } from '../../jobs/job-request.ts'
import { addCount } from '../../values/model-counts.ts'
import type { PlannedAction, RestoredBlob } from '../messages/preflight-blobs.ts'

/** The number of blobs in the target that are read at the same time. */
const PARALLEL_READS = 16

export interface TargetBlobs {
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
}

/** The blob of the target. `verified` is undefined if it does not exist, or has another size than the archived blob. */
interface TargetBlob {
  readonly exists: boolean
  readonly verified: VerifiedContent | undefined
}

/**
 * Compares the blobs and spilled payloads that one pass reads with the references of the archived resources, and with
 * the target.
 */
export class BlobComparison {
  readonly #target: TargetBlobs
  readonly #strategy: Strategy
  readonly #references: ReadonlyMap<string, BlobReference>
  readonly #limit = pLimit(PARALLEL_READS)
  readonly #compared: Promise<RestoredBlob>[] = []
  readonly #archived = new Set<string>()
  readonly #models: Record<string, number> = {}
  #entries = 0
  #blobs = 0
  #bytes = 0
  #propertyCharacters = 0

  /** `references` are keyed by position. */
  constructor(target: TargetBlobs, strategy: Strategy, references: ReadonlyMap<string, BlobReference>) {
    this.#target = target
    this.#strategy = strategy
    this.#references = references
  }

  /** The number of blobs and payloads that were added so far. */
  get entries(): number {
    return this.#entries
  }

  get blobs(): number {
    return this.#blobs
  }

  /** The number of bytes of these blobs. */
  get bytes(): number {
    return this.#bytes
  }

  /** The number of characters in all headers and user metadata of the compared blobs. */
  get propertyCharacters(): number {
    return this.#propertyCharacters
  }

  /** The number of different blobs that each model refers to. */
  get models(): Readonly<Record<string, number>> {
    return this.#models
  }

  isReferenced(position: string): boolean {
    return this.#references.has(position)
  }

  /**
   * Adds an entry. If a resource that will be written refers to the entry, begins to compare it with the target. If the
   * blob of the target is known, `target` contains it.
   */
  add(position: string, entry: IndexLine, offset: number, target?: TargetBlob): void {
    this.#entries += 1
    this.#archived.add(position)
    const reference = this.#references.get(position)
    if (entry.kind === 'blob') {
      this.#blobs += 1
      this.#bytes += entry.size
      for (const model of reference?.models ?? []) addCount(this.#models, model)
    }
    if (reference?.needed !== true) return
    const { size, sha256 } = entry
    const kind = entry.kind === 'payload' ? 'payload' : 'blob'
    const { id, models } = reference
    const blob = { kind, id, offset, size, sha256, models, ...propertiesOf(entry) } as const
    this.#propertyCharacters += propertyCharacters(entry)
    const compared = this.#limit(async () => ({ ...blob, ...(await this.#compare(blob, target)) }))
    // `end` awaits the comparison and throws its error. If the comparison fails earlier, this handler prevents an
    // unhandled rejection, which would end the process.
    compared.catch(() => undefined)
    this.#compared.push(compared)
  }

  /**
   * Adds a large entry as `add` does, but reads the blob of the target in steps, beginning at `start`. If the time is up
   * before its end, does not add the entry, and returns the position at which the next pass continues.
   */
  async addLarge(
    position: string,
    entry: IndexLine,
    offset: number,
    start: HashPosition | undefined,
    steps: HashSteps,
  ): Promise<HashPosition | undefined> {
    const reference = this.#references.get(position)
    if (entry.kind !== 'blob' || reference?.needed !== true) {
      this.add(position, entry, offset)
      return undefined
    }
    const { blobs } = this.#target
    const size = (await blobs.head(reference.id))?.object.size
    // The bytes of a blob of another size differ in any case, so they are not read.
    const hashed = size === entry.size ? await blobs.sha256InSteps(reference.id, start, steps) : { blob: undefined }
    if ('position' in hashed) return hashed.position
    this.add(position, entry, offset, { exists: size !== undefined, verified: hashed.blob })
    return undefined
  }

  /**
   * Returns the blobs that are missing in the archive, but to which resources to be written refer. Only positions
   * before `end` are checked. If `end` is empty, all positions are checked. Throws `ArchiveInvalidError` if a missing
   * blob is not in `declaredMissing`. If `declaredMissing` is undefined, any blob may be missing.
   */
  missingBefore(end: string, declaredMissing: ReadonlySet<string> | undefined): MissingBlob[] {
    const missing: MissingBlob[] = []
    for (const [position, { id, models, reported, resources }] of this.#references) {
      if (this.#archived.has(position) || (end !== '' && position >= end)) continue
      if (isPayloadPosition(position))
        throw new ArchiveInvalidError(`the archive does not contain payload ${id}, to which a revision refers`)
      // `models` is empty if the payloads refer to the blob only at paths of the registry, and not at paths that the
      // archive states. The archive need not contain or declare such a blob.
      if (models.length > 0 && declaredMissing?.has(id) === false)
        throw new ArchiveInvalidError(
          `blob ${id}, to which a resource refers, is neither in the archive nor in missing_blobs of its manifest`,
        )
      if (reported) missing.push({ id, resources })
    }
    return missing
  }

  /** Waits for all comparisons. Returns the compared blobs, in the order of the archive. */
  end(): Promise<RestoredBlob[]> {
    return Promise.all(this.#compared)
  }

  /**
   * Compares the bytes and headers of an archived blob with those of the blob in the target. The SHA-256 in the user
   * metadata of an S3 object is not used, because it may be wrong. The headers of spilled payloads are not compared.
   */
  async #compare(blob: Omit<RestoredBlob, 'action' | 'differs'>, target?: TargetBlob): Promise<PlannedAction> {
    const { kind, size, sha256 } = blob
    const action = kind === 'blob' && this.#strategy === 'skip' ? 'conflict' : 'changed'
    const { exists, verified } = target ?? (await this.#read(blob))
    if (!exists) return { action: 'new' }
    if (verified?.object.size !== size || verified.sha256 !== sha256) return { action, differs: 'bytes' }
    const differences = verified.properties !== undefined ? propertyDifferences(blob, verified.properties) : []
    return differences.length === 0 ? { action: 'same' } : { action, differs: 'headers' }
  }

  async #read({ kind, id }: Pick<RestoredBlob, 'kind' | 'id'>): Promise<TargetBlob> {
    const { payloads, blobs } = this.#target
    const verified = await (kind === 'payload' ? payloads : blobs).sha256Of(id)
    return { exists: verified !== undefined, verified }
  }
}
