import type { ContentFiles } from './content-files.ts'
import { isDeleteMarker, type ObjectVersion, type Segment, type VersionEntry } from './records.ts'

/** A version that is being read. Its files are kept until `release` is called, even if the version is deleted. */
export interface HeldVersion {
  readonly version: ObjectVersion
  release(): void
}

/** Delays the deletion of files until their last reader has finished. */
export class ContentReaders {
  readonly #content: ContentFiles
  readonly #readers = new Map<number, number>()
  readonly #discarded = new Map<number, readonly Segment[]>()

  constructor(content: ContentFiles) {
    this.#content = content
  }

  /**
   * Keeps the files of a version until `release` is called. There must be no `await` between reading the record and
   * this call: otherwise, the version could be discarded in between.
   */
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

  /** Deletes the files of a version that has no record, as soon as its last reader has finished. */
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
