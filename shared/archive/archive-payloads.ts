import { hash } from 'node:crypto'
import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { EntryCorruptError } from './errors.ts'
import { readTogether } from './read-together.ts'
import { readIndex } from './segment-reader.ts'

interface PayloadLocation {
  /** In bytes from the start of the archive. */
  readonly offset: number
  /** In bytes. */
  readonly size: number
}

/**
 * Reads the spilled payloads of an archive by their SHA-256. Reads the indexes one after the other, until an index
 * contains the requested payload.
 */
export class ArchivePayloads {
  readonly #archive: OpenArchive
  /** The archive from which the indexes are read. */
  readonly #indexed: OpenArchive
  readonly #locations = new Map<string, PayloadLocation>()
  /** The segments whose indexes have not been read. A segment with a model contains only records. */
  readonly #unread: ArchiveSegment[]

  constructor(archive: OpenArchive) {
    const segments = archive.segments.flatMap(({ model }, k) => (model === undefined ? [k] : []))
    this.#archive = archive
    this.#indexed = readTogether(archive, segments)
    this.#unread = segments.map((segment) => must(archive.segments[segment]))
  }

  /**
   * Returns the bytes of a payload, or undefined if the archive does not contain the payload. Throws
   * `EntryCorruptError` if the checksum of the payload is wrong.
   */
  async get(sha256: string): Promise<Buffer | undefined> {
    const location = await this.#locate(sha256)
    if (location === undefined) return undefined
    const bytes = await this.#archive.source.read(location.offset, location.size)
    const actual = hash('sha256', bytes)
    if (actual !== sha256) throw new EntryCorruptError(`payloads/${sha256}`, sha256, actual)
    return bytes
  }

  /** Returns the size of a payload in bytes, or undefined if the archive does not contain the payload. */
  async sizeOf(sha256: string): Promise<number | undefined> {
    return (await this.#locate(sha256))?.size
  }

  async #locate(sha256: string): Promise<PayloadLocation | undefined> {
    while (!this.#locations.has(sha256)) {
      const segment = this.#unread.shift()
      if (segment === undefined) return undefined
      for (const entry of await readIndex(this.#indexed, segment)) {
        if (entry.kind !== 'payload') continue
        this.#locations.set(entry.sha256, { offset: segment.offset + entry.offset, size: entry.size })
      }
    }
    return this.#locations.get(sha256)
  }
}
