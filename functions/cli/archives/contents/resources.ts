import { RevisionView } from '../../../../shared/resources/views.ts'
import { quote } from '../../../../shared/values/message-text.ts'
import { must } from '../../../../shared/values/must.ts'
import type { ArchivedResource } from '../documents/resource-document.ts'
import type { ArchiveContents, ContentsRecord, FaultyContentsRecord, ReadOptions } from './contents.ts'

export interface ResourcesOptions extends Pick<ReadOptions, 'skipsDamage' | 'onHarmlessDamage'> {
  /** If present, only these resources are returned. */
  readonly ids?: readonly string[] | undefined
  /**
   * Receives each record that cannot be read, and each revision without metadata, as soon as they are read: the faults
   * of a resource precede it in a stream. In an archive, they occur between its revisions.
   */
  readonly onFault: (record: FaultyContentsRecord) => void
}

/**
 * Returns the resources of a model, one after the other, with their sound revisions. The caller may leave the revisions
 * of a resource unread. At most one batch of records is in memory.
 */
export async function* resourcesOf(
  contents: Pick<ArchiveContents, 'records'>,
  model: string,
  { ids, onFault, ...options }: ResourcesOptions,
): AsyncGenerator<ArchivedResource> {
  const records = new SoundRecords(contents.records(model, ids, options), onFault)
  try {
    for (let record = await records.next(); record !== undefined; record = await records.next()) {
      const { id } = record
      if (record.kind === 'metadata') {
        yield { metadata: record, revisions: records.revisionsOf(id) }
        // The caller may not have read all of them, or may have closed their iterator.
        const rest = records.revisionsOf(id)
        while ((await rest.next()).done !== true);
      } else {
        const { revisionId } = new RevisionView(record.item)
        const name = quote(revisionId ?? record.sk)
        onFault({ model, id, fault: `the metadata of the resource of revision ${name} is missing or cannot be read` })
      }
    }
  } finally {
    await records.close()
  }
}

/** Reads the sound records, one after the other. */
class SoundRecords {
  readonly #batches: AsyncIterator<readonly (ContentsRecord | FaultyContentsRecord)[]>
  readonly #onFault: (record: FaultyContentsRecord) => void
  #batch: readonly (ContentsRecord | FaultyContentsRecord)[] = []
  #at = 0

  constructor(
    batches: AsyncIterable<readonly (ContentsRecord | FaultyContentsRecord)[]>,
    onFault: (record: FaultyContentsRecord) => void,
  ) {
    this.#batches = batches[Symbol.asyncIterator]()
    this.#onFault = onFault
  }

  async next(): Promise<ContentsRecord | undefined> {
    const record = await this.#peek()
    this.#at += 1
    return record
  }

  /** Returns the revisions of a resource. */
  async *revisionsOf(id: string): AsyncGenerator<ContentsRecord, undefined> {
    for (let record = await this.#peek(); record !== undefined; record = await this.#peek()) {
      if (record.kind !== 'revision' || record.id !== id) return undefined
      this.#at += 1
      yield record
    }
    return undefined
  }

  async close(): Promise<void> {
    await this.#batches.return?.()
  }

  /** Returns the next sound record, but does not take it. */
  async #peek(): Promise<ContentsRecord | undefined> {
    for (;;) {
      while (this.#at >= this.#batch.length) {
        const next = await this.#batches.next()
        if (next.done === true) return undefined
        this.#batch = next.value
        this.#at = 0
      }
      const record = must(this.#batch[this.#at])
      if (record.fault === undefined) return record
      this.#at += 1
      this.#onFault(record)
    }
  }
}
