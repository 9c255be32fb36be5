import { Composer } from '../../objects/composer.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import type { StreamLocation } from '../../specstar/errors.ts'
import { StreamWindow } from '../../specstar/stream-window.ts'

/** What is sorted: by its key's bytes, then by its place in the stream. */
export interface RunEntry extends StreamLocation {
  readonly key: Buffer
  readonly body: Buffer
}

const compare = (a: RunEntry, b: RunEntry): number => Buffer.compare(a.key, b.key) || a.offset - b.offset

/** Lengths of key and body, number and place of the record: four numbers before each entry. */
const HEADER_BYTES = 4 + 4 + 4 + 8

const encodeEntry = ({ key, body, number, offset }: RunEntry): Buffer[] => {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(key.length, 0)
  header.writeUInt32BE(body.length, 4)
  header.writeUInt32BE(number, 8)
  header.writeBigUInt64BE(BigInt(offset), 12)
  return [header, key, body]
}

/** Small pieces are gathered before the composer is given them. */
const GATHERED_BYTES = 1024 * 1024

/** Writes entries, in the order in which they come, as a run in the work bucket. */
export const writeRun = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  entries: Iterable<RunEntry> | AsyncIterable<RunEntry>,
): Promise<PinnedObject> => {
  const composer = new Composer(objects, bucket, key)
  let gathered: Buffer[] = []
  let bytes = 0
  try {
    for await (const entry of entries) {
      gathered.push(...encodeEntry(entry))
      bytes += HEADER_BYTES + entry.key.length + entry.body.length
      if (bytes < GATHERED_BYTES) continue
      await composer.bytes(Buffer.concat(gathered))
      gathered = []
      bytes = 0
    }
    await composer.bytes(Buffer.concat(gathered))
    return await composer.finish()
  } catch (error) {
    await composer.abort()
    throw error
  }
}

/** Holds entries until they are written as a sorted run. */
export class RunSorter {
  #entries: RunEntry[] = []
  bytes = 0

  get size(): number {
    return this.#entries.length
  }

  add(entry: RunEntry): void {
    this.#entries.push(entry)
    this.bytes += HEADER_BYTES + entry.key.length + entry.body.length
  }

  /** Writes what is held, and holds nothing then. */
  async write(objects: ObjectStore, bucket: string, key: string): Promise<PinnedObject> {
    const entries = this.#entries.sort(compare)
    this.#entries = []
    this.bytes = 0
    return writeRun(objects, bucket, key, entries)
  }
}

/** A run that is being merged is read in pieces of this size. */
const MERGE_PIECE_BYTES = 512 * 1024

class OpenRun {
  readonly #window: StreamWindow
  /** Where the entry begins that comes next. */
  at: number
  head: RunEntry | undefined

  constructor(objects: ObjectStore, run: PinnedObject, at: number) {
    this.#window = new StreamWindow(objects.sourceOf(run), at, MERGE_PIECE_BYTES)
    this.at = at
  }

  async advance(): Promise<void> {
    this.at = this.#window.offset
    if (this.#window.remaining === 0) {
      this.head = undefined
      return
    }
    const header = await this.#window.read(HEADER_BYTES)
    const key = await this.#window.read(header.readUInt32BE(0))
    const body = await this.#window.read(header.readUInt32BE(4))
    this.head = { key, body, number: header.readUInt32BE(8), offset: Number(header.readBigUInt64BE(12)) }
  }
}

/** Merges runs: their entries in order, from the positions on where an earlier pass stopped. */
export class MergedRuns {
  readonly #all: readonly OpenRun[]
  /** Those that have entries left, the smallest first. */
  #open: OpenRun[] = []

  private constructor(all: readonly OpenRun[]) {
    this.#all = all
  }

  static async open(
    objects: ObjectStore,
    runs: readonly PinnedObject[],
    positions: readonly number[] = [],
  ): Promise<MergedRuns> {
    const merged = new MergedRuns(runs.map((run, k) => new OpenRun(objects, run, positions[k] ?? 0)))
    for (const run of merged.#all) {
      await run.advance()
      merged.#insert(run)
    }
    return merged
  }

  /** The entry that comes next; undefined at the end. */
  get head(): RunEntry | undefined {
    return this.#open[0]?.head
  }

  /** Where a later pass goes on with `head`, run by run. */
  get positions(): number[] {
    return this.#all.map(({ at }) => at)
  }

  /** Passes over `head`. */
  async advance(): Promise<void> {
    const run = this.#open.shift()
    if (run === undefined) return
    await run.advance()
    this.#insert(run)
  }

  async *rest(): AsyncGenerator<RunEntry> {
    for (let { head } = this; head !== undefined; { head } = this) {
      yield head
      await this.advance()
    }
  }

  #insert(run: OpenRun): void {
    const { head } = run
    if (head === undefined) return
    let low = 0
    let high = this.#open.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#open[middle]?.head
      if (other !== undefined && compare(other, head) <= 0) low = middle + 1
      else high = middle
    }
    this.#open.splice(low, 0, run)
  }
}
