import {
  compareEntries,
  encodeEntryHeader,
  entrySize,
  type RunEntry,
} from '../../../../shared/restore/convert/run-entry.ts'
import { RunMerge } from '../../../../shared/restore/convert/run-merge.ts'
import type { ByteSource } from '../../../../shared/specstar/stream-window.ts'
import { TemporaryFile } from './temporary-file.ts'

/** The size of the entries that are sorted in memory, and the number of runs that are merged into one. */
export interface SorterLimits {
  readonly runBytes: number
  readonly mergedRuns: number
}

const MIB = 1024 * 1024
/** A merge of 32 runs holds 16 MiB of them in memory. */
const LIMITS: SorterLimits = { runBytes: 64 * MIB, mergedRuns: 32 }
/** The size of one write. */
const WRITE_BYTES = 1 * MIB

/** Sorts entries. If they do not fit into memory, keeps sorted runs of them in temporary files. */
export class TemporarySorter {
  readonly #limits: SorterLimits
  readonly #runs: TemporaryFile[] = []
  #entries: RunEntry[] = []
  #bytes = 0
  /** The entries that are still in memory after the end, encoded as a run. */
  #last: ByteSource | undefined

  constructor(limits: SorterLimits = LIMITS) {
    this.#limits = limits
  }

  /**
   * Adds an entry. `heldBytes` is the memory that cannot be freed before the entry is written. The caller must call
   * `makeRoom` from time to time.
   */
  add(entry: RunEntry, heldBytes = entrySize(entry)): void {
    this.#entries.push(entry)
    this.#bytes += heldBytes
  }

  /** Writes the entries in memory to a file, if they are large enough. */
  async makeRoom(): Promise<void> {
    if (this.#bytes < this.#limits.runBytes) return
    const entries = this.#take()
    this.#runs.push(await writeRun(entries))
    if (this.#runs.length >= this.#limits.mergedRuns) await this.#mergeRuns()
  }

  /** Returns all entries in order. May be called several times, but no entry may be added after the first call. */
  merge(): Promise<RunMerge> {
    this.#last ??= memoryRun(this.#take())
    return RunMerge.open([...this.#runs, this.#last])
  }

  async close(): Promise<void> {
    for (const run of this.#runs) await run.close()
    this.#runs.length = 0
    this.#entries = []
  }

  #take(): RunEntry[] {
    const entries = this.#entries.sort(compareEntries)
    this.#entries = []
    this.#bytes = 0
    return entries
  }

  async #mergeRuns(): Promise<void> {
    const merge = await RunMerge.open(this.#runs)
    const merged = await writeRun(merge.entries())
    for (const run of this.#runs) await run.close()
    this.#runs.splice(0, this.#runs.length, merged)
  }
}

const writeRun = async (entries: Iterable<RunEntry> | AsyncIterable<RunEntry>): Promise<TemporaryFile> => {
  const file = await TemporaryFile.create()
  try {
    let pieces: Buffer[] = []
    let bytes = 0
    for await (const entry of entries) {
      pieces.push(encodeEntryHeader(entry), entry.key, entry.body)
      bytes += entrySize(entry)
      if (bytes < WRITE_BYTES) continue
      await file.append(Buffer.concat(pieces))
      pieces = []
      bytes = 0
    }
    await file.append(Buffer.concat(pieces))
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

const memoryRun = (entries: readonly RunEntry[]): ByteSource => {
  const bytes = Buffer.concat(entries.flatMap((entry) => [encodeEntryHeader(entry), entry.key, entry.body]))
  return {
    size: bytes.length,
    read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
  }
}
