import { createHash } from 'node:crypto'
import { ArchiveInvalidError, EntryCorruptError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import type { OpenArchive } from './archive.ts'
import { readIndex } from './segment-reader.ts'

/** The spilled payloads of an archive, found by their SHA-256. Indexes are read as they are needed: payloads come before blobs. */
export class ArchivePayloads {
  readonly #archive: OpenArchive
  readonly #found = new Map<string, { offset: number; size: number }>()
  #nextSegment = 0

  constructor(archive: OpenArchive) {
    this.#archive = archive
  }

  /** A payload's bytes, checked. */
  async get(sha256: string): Promise<Buffer> {
    const place = await this.#find(sha256)
    if (place === undefined) throw new ArchiveInvalidError(`payload ${sha256} is referred to and not in the archive`)
    const bytes = await this.#archive.source.read(place.offset, place.size)
    const actual = createHash('sha256').update(bytes).digest('hex')
    if (actual !== sha256) throw new EntryCorruptError(`payloads/${sha256}`, sha256, actual)
    return bytes
  }

  async #find(sha256: string): Promise<{ offset: number; size: number } | undefined> {
    while (!this.#found.has(sha256) && this.#nextSegment < this.#archive.segments.length) {
      const segment = this.#archive.segments[this.#nextSegment++]
      if (segment === undefined || segment.model !== undefined) continue
      for (const entry of await readIndex(this.#archive, segment)) {
        if (entry.kind === 'payload') this.#note(segment.offset, entry)
      }
    }
    return this.#found.get(sha256)
  }

  #note(segmentOffset: number, { sha256, offset, size }: IndexLine): void {
    this.#found.set(sha256, { offset: segmentOffset + offset, size })
  }
}
