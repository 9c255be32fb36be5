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
import { ThrottledError } from '../../throttling/throttled-error.ts'
import type { BlobsCursor, PlannedAction, RestoredBlob } from '../messages/preflight-blobs.ts'

/** The number of blobs in the target that are read at the same time. */
const PARALLEL_READS = 16
/**
 * The number of entries that may wait for their comparison. If the reads of the target are throttled, the pass stops
 * reading the archive, and a later pass repeats at most so many entries.
 */
const MAX_PENDING = 256

export interface TargetBlobs {
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
}

/** The blob of the target. `verified` is undefined if it does not exist, or has another size than the archived blob. */
interface TargetBlob {
  readonly exists: boolean
  readonly verified: VerifiedContent | undefined
}

/** An entry whose comparison may be unfinished. */
interface PendingEntry {
  readonly position: string
  readonly entry: IndexLine
  readonly models: readonly string[]
  /** Undefined if no resource that will be written refers to the entry. */
  readonly compared: Promise<RestoredBlob> | undefined
  /** The position at which a pass continues that repeats this entry. */
  readonly start: BlobsCursor
}

/**
 * Compares the blobs and spilled payloads that one pass reads with the references of the archived resources, and with
 * the target.
 */
export class BlobComparison {
  readonly #target: TargetBlobs | undefined
  readonly #strategy: Strategy
  readonly #references: ReadonlyMap<string, BlobReference>
  readonly #limit = pLimit(PARALLEL_READS)
  /** The entries whose comparisons may be unfinished, in the order of the archive. */
  readonly #pending: PendingEntry[] = []
  /** The compared blobs of all other entries. */
  readonly #compared: RestoredBlob[] = []
  /** True after a comparison was throttled. No further comparison begins then. */
  #isThrottled = false
  readonly #archived = new Set<string>()
  readonly #models: Record<string, number> = {}
  #entries = 0
  #blobs = 0
  #bytes = 0
  #propertyCharacters = 0

  /** `references` are keyed by position. Without a target, no blob is compared. */
  constructor(target: TargetBlobs | undefined, strategy: Strategy, references: ReadonlyMap<string, BlobReference>) {
    this.#target = target
    this.#strategy = strategy
    this.#references = references
  }

  /** The number of blobs and payloads that were added so far. */
  get entries(): number {
    return this.#entries
  }

  /** The number of blobs whose comparison has ended. */
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
   * blob of the target is known, `target` contains it. `start` is the position at which a pass continues that repeats
   * this entry. For a large entry, it contains the checksum of its parts.
   */
  add(position: string, entry: IndexLine, offset: number, start: BlobsCursor, target?: TargetBlob): void {
    this.#entries += 1
    const reference = this.#references.get(position)
    const compared = this.#begin({ ...entry, ...partsOf(start.target) }, offset, reference, target)
    this.#pending.push({ position, entry, models: reference?.models ?? [], compared, start })
  }

  /** Begins the comparison of an entry. Returns undefined if the entry is not compared. */
  #begin(
    entry: IndexLine & PartsChecksum,
    offset: number,
    reference: BlobReference | undefined,
    target: TargetBlob | undefined,
  ): Promise<RestoredBlob> | undefined {
    const blobs = this.#target
    if (blobs === undefined || reference?.needed !== true) return undefined
    const { size, sha256 } = entry
    const kind = entry.kind === 'payload' ? 'payload' : 'blob'
    const { id, models } = reference
    const blob = { kind, id, offset, size, sha256, ...partsOf(entry), models, ...propertiesOf(entry) } as const
    this.#propertyCharacters += propertyCharacters(entry)
    const compared = this.#limit(async () => {
      if (this.#isThrottled) throw new Error('an earlier comparison was throttled')
      try {
        return { ...blob, ...(await this.#compare(blobs, blob, target)) }
      } catch (error) {
        this.#isThrottled ||= error instanceof ThrottledError
        throw error
      }
    })
    // `settle` awaits the comparison and throws its error. If the comparison fails earlier, this handler prevents an
    // unhandled rejection, which would end the process.
    compared.catch(() => undefined)
    return compared
  }

  /** Waits until at most `max` comparisons are unfinished. Throws the error of a comparison that has failed. */
  async settle(max = MAX_PENDING): Promise<void> {
    for (let [first] = this.#pending; first !== undefined; [first] = this.#pending) {
      if (this.#pending.length <= max && !this.#isThrottled) return
      const compared = await first.compared
      this.#pending.shift()
      const { position, entry, models } = first
      this.#archived.add(position)
      if (compared !== undefined) this.#compared.push(compared)
      if (entry.kind !== 'blob') continue
      this.#blobs += 1
      this.#bytes += entry.size
      for (const model of models) addCount(this.#models, model)
    }
  }

  /**
   * Waits for the comparisons until one of them fails because it was throttled. Drops the entries from this one on, and
   * returns the position at which the next pass repeats them. Returns undefined if no comparison fails.
   */
  async endEarly(): Promise<BlobsCursor | undefined> {
    try {
      await this.settle(0)
      return undefined
    } catch (error) {
      const [first] = this.#pending
      if (first === undefined || !(error instanceof ThrottledError)) throw error
      await Promise.allSettled(this.#pending.flatMap(({ compared }) => compared ?? []))
      return first.start
    }
  }

  /**
   * Adds a large entry as `add` does, but reads the blob of the target in steps, beginning at the hash of `start`. If
   * the time is up before its end, does not add the entry, and returns the position at which the next pass continues.
   */
  async addLarge(
    position: string,
    entry: IndexLine,
    offset: number,
    start: BlobsCursor,
    steps: HashSteps,
  ): Promise<HashPosition | undefined> {
    const reference = this.#references.get(position)
    if (this.#target === undefined || entry.kind !== 'blob' || reference?.needed !== true) {
      this.add(position, entry, offset, start)
      return undefined
    }
    const { blobs } = this.#target
    const size = (await blobs.head(reference.id))?.object.size
    // The bytes of a blob of another size differ in any case, so they are not read.
    const hashed =
      size === entry.size
        ? await blobs.sha256InSteps(reference.id, { ...entry, ...partsOf(start.target) }, start.target?.hash, steps)
        : { blob: undefined }
    if ('position' in hashed) return hashed.position
    this.add(position, entry, offset, start, { exists: size !== undefined, verified: hashed.blob })
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

  /** The compared blobs, in the order of the archive. */
  get compared(): readonly RestoredBlob[] {
    return this.#compared
  }

  /**
   * Compares the bytes and headers of an archived blob with those of the blob in the target. The SHA-256 in the user
   * metadata of an S3 object is used only if a checksum in S3 proves it. The headers of spilled payloads are not
   * compared.
   */
  async #compare(
    blobs: TargetBlobs,
    blob: Omit<RestoredBlob, 'action' | 'differs'>,
    target?: TargetBlob,
  ): Promise<PlannedAction> {
    const { kind, size, sha256 } = blob
    const action = kind === 'blob' && this.#strategy === 'skip' ? 'conflict' : 'changed'
    const { exists, verified } = target ?? (await readTarget(blobs, blob))
    if (!exists) return { action: 'new' }
    if (verified?.object.size !== size || verified.sha256 !== sha256) return { action, differs: 'bytes' }
    const differences = verified.properties !== undefined ? propertyDifferences(blob, verified.properties) : []
    return differences.length === 0 ? { action: 'same' } : { action, differs: 'headers' }
  }
}

/** The checksum of the parts of a large blob (`RestoredBlob`). */
type PartsChecksum = Pick<RestoredBlob, 'parts_sha256'>

const partsOf = ({ parts_sha256 }: PartsChecksum = {}): PartsChecksum =>
  parts_sha256 === undefined ? {} : { parts_sha256 }

const readTarget = async (
  { payloads, blobs }: TargetBlobs,
  { kind, id, sha256 }: Pick<RestoredBlob, 'kind' | 'id' | 'sha256'>,
): Promise<TargetBlob> => {
  const verified = await (kind === 'payload' ? payloads.sha256Of(id) : blobs.sha256Of(id, sha256))
  return { exists: verified !== undefined, verified }
}
