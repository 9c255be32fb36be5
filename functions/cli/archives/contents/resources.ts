import type { ArchivedResource } from '../documents/resource-document.ts'
import type { ArchiveContents, ContentsRecord, FaultyContentsRecord, ReadOptions } from './contents.ts'

/** A resource of an archive that cannot be read as a whole. */
export interface FaultyResource {
  readonly id: string
  readonly fault: string
  readonly lost?: FaultyContentsRecord['lost']
}

/**
 * Returns the resources of a model, one after the other, with their revisions. The caller may leave the revisions of a
 * resource unread. At most one batch of records is in memory.
 */
export async function* resourcesOf(
  contents: Pick<ArchiveContents, 'records'>,
  model: string,
  ids?: readonly string[],
  options?: Pick<ReadOptions, 'skipsDamage'>,
): AsyncGenerator<ArchivedResource | FaultyResource> {
  const records = new RecordQueue(contents.records(model, ids, options))
  try {
    for (let record = await records.next(); record !== undefined; record = await records.next()) {
      if (record.fault !== undefined) yield record
      else if (record.kind === 'metadata') {
        yield { metadata: record, revisions: records.revisionsOf(record.id) }
        // The caller may not have read all of them, or may have closed their iterator.
        const rest = records.revisionsOf(record.id)
        while ((await rest.next()).done !== true);
      } else {
        const { id, sk } = record
        yield { id, fault: `the archive contains revision ${JSON.stringify(sk)} without metadata of its resource` }
      }
    }
  } finally {
    await records.close()
  }
}

class RecordQueue {
  readonly #batches: AsyncIterator<readonly (ContentsRecord | FaultyContentsRecord)[]>
  #batch: readonly (ContentsRecord | FaultyContentsRecord)[] = []
  #at = 0

  constructor(batches: AsyncIterable<readonly (ContentsRecord | FaultyContentsRecord)[]>) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  async next(): Promise<ContentsRecord | FaultyContentsRecord | undefined> {
    const record = await this.#peek()
    this.#at += 1
    return record
  }

  async *revisionsOf(id: string): AsyncGenerator<ContentsRecord, undefined> {
    for (let record = await this.#peek(); ; record = await this.#peek()) {
      if (record === undefined || record.fault !== undefined || record.kind !== 'revision' || record.id !== id)
        return undefined
      this.#at += 1
      yield record
    }
  }

  async close(): Promise<void> {
    await this.#batches.return?.()
  }

  async #peek(): Promise<ContentsRecord | FaultyContentsRecord | undefined> {
    while (this.#at >= this.#batch.length) {
      const next = await this.#batches.next()
      if (next.done === true) return undefined
      this.#batch = next.value
      this.#at = 0
    }
    return this.#batch[this.#at]
  }
}
