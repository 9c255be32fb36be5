import { Readable } from 'node:stream'
import { must } from '../values/must.ts'
import type { ArchiveSegment, ArchiveSource, OpenArchive } from './archive.ts'

/**
 * The largest size of a segment that is read together with its neighbours. A larger segment is read with requests of
 * its own, whose overhead is small compared with the time to process its bytes.
 */
const SMALL_BYTES = 256 * 1024
/** The largest number of bytes that are read with one request and held in memory. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** A range of bytes of the archive that is read with one request. */
interface Window {
  readonly start: number
  end: number
}

/**
 * Returns the same archive, but with a source that reads small adjacent segments together, including their indexes. The
 * caller should read only the given segments, in their order. Holds at most 4 MiB of the archive in memory.
 *
 * In a repacked tar, the entries of a segment need not be adjacent. Its segments are not read together.
 */
export const readTogether = (archive: OpenArchive, segments: readonly number[]): OpenArchive => {
  if (archive.walked) return archive
  const windows = windowsOf(segments.map((segment) => must(archive.segments[segment])))
  return { ...archive, source: new WindowedSource(archive.source, windows) }
}

const windowsOf = (segments: readonly ArchiveSegment[]): readonly Window[] => {
  const windows: Window[] = []
  for (const { offset: start, size } of segments) {
    if (size > SMALL_BYTES) continue
    const end = start + size
    const last = windows.at(-1)
    if (last?.end === start && end - last.start <= WINDOW_BYTES) last.end = end
    else windows.push({ start, end })
  }
  return windows
}

class WindowedSource implements ArchiveSource {
  readonly size: number
  readonly #source: ArchiveSource
  readonly #windows: readonly Window[]
  /** The index of the window that was used last. */
  #index = 0
  #loaded: { readonly window: Window; readonly bytes: Promise<Buffer> } | undefined

  /** The windows must be sorted and must not overlap. */
  constructor(source: ArchiveSource, windows: readonly Window[]) {
    this.size = source.size
    this.#source = source
    this.#windows = windows
  }

  async read(start: number, length: number): Promise<Buffer> {
    const window = this.#windowWith(start, length)
    return window === undefined ? this.#source.read(start, length) : this.#readFrom(window, start, length)
  }

  async stream(start: number, length: number): Promise<Readable> {
    const window = this.#windowWith(start, length)
    if (window === undefined) return this.#source.stream(start, length)
    return Readable.from([await this.#readFrom(window, start, length)])
  }

  /** Returns the window that contains all these bytes. */
  #windowWith(start: number, length: number): Window | undefined {
    if (start < (this.#windows[this.#index]?.start ?? 0)) this.#index = 0
    while ((this.#windows[this.#index]?.end ?? Infinity) <= start) this.#index += 1
    const window = this.#windows[this.#index]
    return window !== undefined && window.start <= start && start + length <= window.end ? window : undefined
  }

  async #readFrom(window: Window, start: number, length: number): Promise<Buffer> {
    if (this.#loaded?.window !== window)
      this.#loaded = { window, bytes: this.#source.read(window.start, window.end - window.start) }
    try {
      return (await this.#loaded.bytes).subarray(start - window.start, start - window.start + length)
    } catch (error) {
      // A later read of the window sends the request again.
      this.#loaded = undefined
      throw error
    }
  }
}
