import { type ByteSource, StreamWindow } from '../../specstar/stream-window.ts'
import { compareEntries, decodeEntryHeader, HEADER_BYTES, type RunEntry } from './run-entry.ts'

/** The number of bytes that one request reads from a run. Two such pieces of each run are held in memory. */
const PIECE_BYTES = 128 * 1024

class RunReader {
  readonly #window: StreamWindow
  /** The offset of `current` in the run. */
  offset: number
  /** Undefined before the first call of `advance`, and after the last entry. */
  current: RunEntry | undefined

  constructor(run: ByteSource, offset: number) {
    this.#window = new StreamWindow(run, offset, PIECE_BYTES)
    this.offset = offset
  }

  async advance(): Promise<void> {
    this.offset = this.#window.offset
    this.current = this.#window.remaining === 0 ? undefined : await this.#read()
  }

  async #read(): Promise<RunEntry> {
    const { keyBytes, bodyBytes, number, offset } = decodeEntryHeader(await this.#window.read(HEADER_BYTES))
    const key = await this.#window.read(keyBytes)
    return { key, body: await this.#window.read(bodyBytes), number, offset }
  }
}

/** Reads the entries of several sorted runs as one sorted sequence. */
export class RunMerge {
  readonly #runs: readonly RunReader[]
  /** The runs that have a current entry, sorted by this entry. */
  #queue: RunReader[] = []

  private constructor(runs: readonly RunReader[]) {
    this.#runs = runs
  }

  /** Opens a merge. It begins at the start of the runs, or at the `offsets` of an earlier merge of the same runs. */
  static async open(runs: readonly ByteSource[], offsets: readonly number[] = []): Promise<RunMerge> {
    const merge = new RunMerge(runs.map((run, k) => new RunReader(run, offsets[k] ?? 0)))
    for (const run of merge.#runs) {
      await run.advance()
      merge.#enqueue(run)
    }
    return merge
  }

  /** The current entry. Undefined after the last entry. */
  get current(): RunEntry | undefined {
    return this.#queue[0]?.current
  }

  /**
   * For each run, the offset of its next entry. A merge that is opened at these offsets begins with the entry
   * `current`.
   */
  get offsets(): number[] {
    return this.#runs.map(({ offset }) => offset)
  }

  /** Makes the next entry the current entry. */
  async advance(): Promise<void> {
    const run = this.#queue.shift()
    if (run === undefined) return
    await run.advance()
    this.#enqueue(run)
  }

  /**
   * Returns `current` and all entries after it. Each returned entry stays `current` until the next entry is requested.
   */
  async *entries(): AsyncGenerator<RunEntry> {
    for (let { current } = this; current !== undefined; { current } = this) {
      yield current
      await this.advance()
    }
  }

  /** Inserts a run into the sorted queue by binary search. Runs whose current entries are equal keep their order. */
  #enqueue(run: RunReader): void {
    const { current } = run
    if (current === undefined) return
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#queue[middle]?.current
      if (other !== undefined && compareEntries(other, current) <= 0) low = middle + 1
      else high = middle
    }
    this.#queue.splice(low, 0, run)
  }
}
