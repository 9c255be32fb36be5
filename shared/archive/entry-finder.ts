import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { entrySortKey, type IndexLine } from './index-line.ts'
import { readIndex } from './segment-reader.ts'

/** The sort keys of the first and the last entry of a segment. */
interface Bounds {
  readonly first: string
  readonly last: string
}

export interface FoundEntry<Line extends IndexLine> {
  readonly segment: ArchiveSegment
  readonly entry: Line
}

/**
 * Finds payloads and blobs of an archive. Their segments are sorted, so they are searched by bisection: the first
 * search reads about log2 of their number of indexes, and later searches read fewer. One index is in memory.
 */
export class EntryFinder {
  readonly #archive: OpenArchive
  readonly #segments: readonly ArchiveSegment[]
  readonly #bounds = new Map<ArchiveSegment, Bounds>()
  #read: { readonly segment: ArchiveSegment; readonly index: readonly IndexLine[] } | undefined

  constructor(archive: OpenArchive) {
    this.#archive = archive
    // A segment with a model contains only records.
    this.#segments = archive.segments.filter(({ model }) => model === undefined)
  }

  /** Returns the entry that `isEntry` accepts. `position` is its sort key. Returns undefined if there is none. */
  async find<Line extends IndexLine>(
    position: string,
    isEntry: (line: IndexLine) => line is Line,
  ): Promise<FoundEntry<Line> | undefined> {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >> 1
      const segment = must(this.#segments[middle])
      const { first, last } = await this.#boundsOf(segment)
      if (position < first) high = middle
      else if (position > last) low = middle + 1
      else {
        const entry = (await this.#indexOf(segment)).find(isEntry)
        return entry === undefined ? undefined : { segment, entry }
      }
    }
    return undefined
  }

  async #boundsOf(segment: ArchiveSegment): Promise<Bounds> {
    const known = this.#bounds.get(segment)
    if (known !== undefined) return known
    const index = await this.#indexOf(segment)
    const bounds = { first: entrySortKey(must(index[0])), last: entrySortKey(must(index.at(-1))) }
    this.#bounds.set(segment, bounds)
    return bounds
  }

  async #indexOf(segment: ArchiveSegment): Promise<readonly IndexLine[]> {
    if (this.#read?.segment !== segment) this.#read = { segment, index: await readIndex(this.#archive, segment) }
    return this.#read.index
  }
}
