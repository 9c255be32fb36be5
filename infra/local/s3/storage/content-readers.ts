import type { ContentFiles } from './content-files.ts'
import { isDeleteMarker, type ObjectVersion, type Segment, type VersionEntry } from './records.ts'

/** A version that is being read. Its files stay until `release`, even if it is replaced or deleted. */
export interface HeldVersion {
  readonly version: ObjectVersion
  release(): void
}

/** Delays the removal of content until its last reader has finished. */
export class ContentReaders {
  readonly #content: ContentFiles
  readonly #readers = new Map<number, number>()
  readonly #discarded = new Map<number, readonly Segment[]>()

  constructor(content: ContentFiles) {
    this.#content = content
  }

  /** Must be called in the same step in which the record was read, so that nothing can discard it in between. */
  hold(version: ObjectVersion): HeldVersion {
    const { sequence } = version
    this.#readers.set(sequence, (this.#readers.get(sequence) ?? 0) + 1)
    let held = true
    const release = (): void => {
      if (!held) return
      held = false
      this.#release(sequence)
    }
    return { version, release }
  }

  /** Removes the content of a version that no record names any more. */
  async discard(entry: VersionEntry | undefined): Promise<void> {
    if (entry === undefined || isDeleteMarker(entry)) return
    if (this.#readers.has(entry.sequence)) this.#discarded.set(entry.sequence, entry.segments)
    else await this.#content.remove(entry.segments)
  }

  #release(sequence: number): void {
    const others = (this.#readers.get(sequence) ?? 1) - 1
    if (others > 0) {
      this.#readers.set(sequence, others)
      return
    }
    this.#readers.delete(sequence)
    const segments = this.#discarded.get(sequence)
    this.#discarded.delete(sequence)
    if (segments !== undefined) void this.#content.remove(segments)
  }
}
