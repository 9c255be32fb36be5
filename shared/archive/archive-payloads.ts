import { hash } from 'node:crypto'
import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { EntryFinder } from './entry-finder.ts'
import { atByte, EntryCorruptError, isArchiveFault } from './errors.ts'
import { type IndexLine, payloadPosition } from './index-line.ts'
import { readTogether } from './read-together.ts'
import { readIndex } from './segment-reader.ts'

type PayloadLine = Extract<IndexLine, { readonly kind: 'payload' }>

interface PayloadLocation {
  /** In bytes from the start of the archive. */
  readonly offset: number
  /** In bytes. */
  readonly size: number
}

/** Reads the spilled payloads of an archive by their SHA-256. */
export interface PayloadReader {
  /**
   * Returns the bytes of a payload, or undefined if the archive does not contain the payload. Throws
   * `EntryCorruptError` if the checksum of the payload is wrong. Throws the damage of an index if the payload was not
   * found in another segment.
   */
  get(sha256: string): Promise<Buffer | undefined>
  /** Returns the size of a payload in bytes, or undefined if the archive does not contain the payload. */
  sizeOf(sha256: string): Promise<number | undefined>
}

/**
 * Reads many of the spilled payloads of an archive. Reads the indexes one after the other, until an index contains the
 * requested payload, and keeps the locations of all payloads in memory. To read few payloads, use `FewArchivePayloads`.
 */
export class ArchivePayloads implements PayloadReader {
  readonly #archive: OpenArchive
  /** The archive from which the indexes are read. */
  readonly #indexed: OpenArchive
  readonly #locations = new Map<string, PayloadLocation>()
  /** The segments whose indexes have not been read. A segment with a model contains only records. */
  readonly #unread: ArchiveSegment[]
  /** The damage of the first index that cannot be read. */
  #damage: Error | undefined

  constructor(archive: OpenArchive) {
    const segments = archive.segments.flatMap(({ model }, k) => (model === undefined ? [k] : []))
    this.#archive = archive
    this.#indexed = readTogether(archive, segments)
    this.#unread = segments.map((segment) => must(archive.segments[segment]))
  }

  async get(sha256: string): Promise<Buffer | undefined> {
    return readPayload(this.#archive, await this.#locate(sha256), sha256)
  }

  async sizeOf(sha256: string): Promise<number | undefined> {
    return (await this.#locate(sha256))?.size
  }

  async #locate(sha256: string): Promise<PayloadLocation | undefined> {
    while (!this.#locations.has(sha256)) {
      const segment = this.#unread.shift()
      if (segment === undefined) break
      await this.#readIndex(segment)
    }
    const location = this.#locations.get(sha256)
    if (location === undefined && this.#damage !== undefined) throw this.#damage
    return location
  }

  /** Adds the payloads of a segment. If its index is damaged, remembers the damage. */
  async #readIndex(segment: ArchiveSegment): Promise<void> {
    try {
      for (const entry of await readIndex(this.#indexed, segment)) {
        if (entry.kind !== 'payload') continue
        this.#locations.set(entry.sha256, { offset: segment.offset + entry.offset, size: entry.size })
      }
    } catch (error) {
      if (!isArchiveFault(error)) throw error
      this.#damage ??= error
    }
  }
}

/** Reads few of the spilled payloads of an archive. Finds each of them by bisection, so that few indexes are read. */
export class FewArchivePayloads implements PayloadReader {
  readonly #archive: OpenArchive
  readonly #finder: EntryFinder

  constructor(archive: OpenArchive) {
    this.#archive = archive
    this.#finder = new EntryFinder(archive)
  }

  async get(sha256: string): Promise<Buffer | undefined> {
    return readPayload(this.#archive, await this.#locate(sha256), sha256)
  }

  async sizeOf(sha256: string): Promise<number | undefined> {
    return (await this.#locate(sha256))?.size
  }

  async #locate(sha256: string): Promise<PayloadLocation | undefined> {
    const found = await this.#finder.find(
      payloadPosition(sha256),
      (line): line is PayloadLine => line.kind === 'payload' && line.sha256 === sha256,
    )
    return found && { offset: found.segment.offset + found.entry.offset, size: found.entry.size }
  }
}

const readPayload = async (
  { source }: OpenArchive,
  location: PayloadLocation | undefined,
  sha256: string,
): Promise<Buffer | undefined> => {
  if (location === undefined) return undefined
  const bytes = await source.read(location.offset, location.size)
  const actual = hash('sha256', bytes)
  if (actual !== sha256) throw atByte(location.offset, new EntryCorruptError(`payloads/${sha256}`, sha256, actual))
  return bytes
}
