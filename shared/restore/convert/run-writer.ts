import { abandon } from '../../objects/abandon.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import { Composer } from '../../objects/composer.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { PieceWriter } from '../../objects/piece-writer.ts'
import { compareEntries, entrySize, encodeEntryHeader, type RunEntry } from './run-entry.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { storeFinished } from '../../jobs/store-finished.ts'

/**
 * Writes entries as one run. The entries must be sorted. If `before` is given, the run begins with the entries of this
 * run. If AWS throttles a write until the time of the pass is used up, calls `mustHandOver`, and sends the write again
 * after the last entry.
 */
export const writeRun = async (
  objects: ObjectStore,
  { mustHandOver }: Pick<Attempt, 'mustHandOver'>,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  entries: Iterable<RunEntry> | AsyncIterable<RunEntry>,
  before?: PinnedObject,
): Promise<PinnedObject> => {
  const composer = new Composer(objects, bucket, key)
  const writer = new PieceWriter(composer)
  try {
    if (before !== undefined) await composer.object({ object: before, start: 0, length: before.size })
    for await (const entry of entries) {
      for (const bytes of [encodeEntryHeader(entry), entry.key, entry.body]) {
        const written = writer.write(bytes)
        if (written === undefined) continue
        await written
        if (composer.throttled !== undefined) mustHandOver(composer.throttled)
      }
    }
    await writer.end()
    return await storeFinished({ mustHandOver }, () => composer.finish())
  } catch (error) {
    await abandon(composer)
    throw error
  }
}

/** Collects entries in memory, sorts them, and writes them as one run. */
export class RunSorter {
  #entries: RunEntry[] = []
  #bytes = 0

  /** The number of entries in memory. */
  get size(): number {
    return this.#entries.length
  }

  /** The size that a run of the entries in memory would have, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  add(entry: RunEntry): void {
    this.#entries.push(entry)
    this.#bytes += entrySize(entry)
  }

  /** Writes the entries as a run. Then removes them from memory. If the write fails, all entries stay in memory. */
  async write(
    objects: ObjectStore,
    attempt: Pick<Attempt, 'mustHandOver'>,
    target: { readonly bucket: string; readonly key: string },
  ): Promise<PinnedObject> {
    const run = await writeRun(objects, attempt, target, this.#entries.sort(compareEntries))
    this.#entries = []
    this.#bytes = 0
    return run
  }
}
