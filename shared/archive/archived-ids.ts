import type { OpenArchive } from './archive.ts'
import { hashKeyOf } from '../resources/keys.ts'
import { RevisionView } from '../resources/views.ts'
import { archivedRecords } from './archived-records.ts'

/** Answers whether an archive holds a resource (or one revision of it), by reading the one chunk where it would stand. */
export class ArchivedIds {
  readonly #archive: OpenArchive
  readonly #answers = new Map<string, boolean>()

  constructor(archive: OpenArchive) {
    this.#archive = archive
  }

  async has(model: string, id: string, to: string, kind: 'resource_id' | 'revision_id'): Promise<boolean> {
    const key = `${model}/${kind}/${to}`
    const answer = this.#answers.get(key) ?? (await this.#look(model, id, kind === 'revision_id' ? to : undefined))
    if (this.#answers.size > 10_000) this.#answers.clear()
    this.#answers.set(key, answer)
    return answer
  }

  async #look(model: string, id: string, revision: string | undefined): Promise<boolean> {
    const h = hashKeyOf(id)
    const segment = this.#archive.segments.findIndex(
      ({ model: own, first_h, last_h }) =>
        own === model && first_h !== undefined && last_h !== undefined && first_h <= h && h <= last_h,
    )
    if (segment === -1) return false
    for await (const batch of archivedRecords(this.#archive, segment, { ids: [id] })) {
      for (const { kind, item } of batch) {
        if (revision === undefined ? kind === 'metadata' : new RevisionView(item).revisionId === revision) return true
      }
    }
    return false
  }
}
