import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { isArchiveFault } from './errors.ts'
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
 * search reads about log2 of their number of indexes, and later searches read fewer. One index is in memory. Damaged
 * indexes are skipped, so that entries of the other segments are found.
 */
export class EntryFinder {
  readonly #archive: OpenArchive
  readonly #segments: readonly ArchiveSegment[]
  readonly #bounds = new Map<ArchiveSegment, Bounds>()
  /** The damage of the indexes that cannot be read. */
  readonly #damage = new Map<ArchiveSegment, Error>()
  #read: { readonly segment: ArchiveSegment; readonly index: readonly IndexLine[] } | undefined

  constructor(archive: OpenArchive) {
    this.#archive = archive
    // A segment with a model contains only records.
    this.#segments = archive.segments.filter(({ model }) => model === undefined)
  }

  /**
   * Returns the entry that `isEntry` accepts. `position` is its sort key. Returns undefined if there is none. If the
   * entry can only be in a segment whose index is damaged, throws the damage.
   */
  async find<Line extends IndexLine>(
    position: string,
    isEntry: (line: IndexLine) => line is Line,
  ): Promise<FoundEntry<Line> | undefined> {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const { middle, first, last } = await this.#readableBetween(low, high)
      if (position < first) high = middle
      else if (position > last) low = middle + 1
      else {
        const segment = must(this.#segments[middle])
        const entry = (await this.#indexOf(segment)).find(isEntry)
        return entry === undefined ? undefined : { segment, entry }
      }
    }
    return undefined
  }

  /**
   * Returns the bounds of a segment from `low` to `high`, excluding `high`: of the middle one, or of the nearest one
   * whose index is sound. If all of these indexes are damaged, throws the damage.
   */
  async #readableBetween(low: number, high: number): Promise<Bounds & { readonly middle: number }> {
    const center = (low + high) >> 1
    for (let distance = 0; distance <= high - low; distance++)
      for (const middle of distance === 0 ? [center] : [center - distance, center + distance]) {
        if (middle < low || middle >= high) continue
        const bounds = await this.#boundsIfSound(must(this.#segments[middle]))
        if (bounds !== undefined) return { middle, ...bounds }
      }
    throw must(this.#damage.get(must(this.#segments[center])))
  }

  async #boundsIfSound(segment: ArchiveSegment): Promise<Bounds | undefined> {
    if (this.#damage.has(segment)) return undefined
    try {
      return await this.#boundsOf(segment)
    } catch (error) {
      if (!isArchiveFault(error)) throw error
      this.#damage.set(segment, error)
      return undefined
    }
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
