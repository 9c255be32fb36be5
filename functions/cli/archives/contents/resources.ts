import { RevisionView } from '../../../../shared/resources/views.ts'
import { quote } from '../../../../shared/values/message-text.ts'
import type { ArchivedResource } from '../documents/resource-document.ts'
import type { ArchiveContents, ContentsRecord, FaultyContentsRecord, ReadOptions } from './contents.ts'

/** A resource of an archive that cannot be read as a whole. */
export interface FaultyResource {
  readonly id: string
  readonly fault: string
  readonly lost?: FaultyContentsRecord['lost']
}

/**
 * Returns the resources of a model, one after the other, with their sound revisions. The faults of the other revisions
 * follow the resource, or precede it in a stream. The caller may leave the revisions of a resource unread. At most one
 * batch of records is in memory.
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
        const { revisionId } = new RevisionView(record.item)
        const fault = `the metadata of the resource of revision ${quote(revisionId ?? record.sk)} is missing or cannot be read`
        yield { id: record.id, fault }
      }
    }
  } finally {
    await records.close()
  }
}

/**
 * The number of consecutive faults after which no further revisions of the resource are expected. It limits the memory.
 */
const MAX_FAULTS_ASIDE = 1_000

class RecordQueue {
  readonly #batches: AsyncIterator<readonly (ContentsRecord | FaultyContentsRecord)[]>
  #batch: readonly (ContentsRecord | FaultyContentsRecord)[] = []
  #at = 0
  /** The faults that were read after the revisions of a resource, or between them. */
  readonly #aside: FaultyContentsRecord[] = []

  constructor(batches: AsyncIterable<readonly (ContentsRecord | FaultyContentsRecord)[]>) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  async next(): Promise<ContentsRecord | FaultyContentsRecord | undefined> {
    const aside = this.#aside.shift()
    if (aside !== undefined) return aside
    const record = await this.#peek()
    this.#at += 1
    return record
  }

  /** Returns the revisions of a resource. Faults between them are put aside, and `next` returns them afterwards. */
  async *revisionsOf(id: string): AsyncGenerator<ContentsRecord, undefined> {
    for (let record = await this.#peek(); record !== undefined; record = await this.#peek()) {
      if (record.fault !== undefined) {
        if (this.#aside.length >= MAX_FAULTS_ASIDE) return undefined
        this.#at += 1
        this.#aside.push(record)
        continue
      }
      if (record.kind !== 'revision' || record.id !== id) return undefined
      this.#at += 1
      yield record
    }
    return undefined
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
