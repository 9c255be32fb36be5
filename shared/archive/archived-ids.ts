import { hashKeyOf } from '../resources/keys.ts'
import { RevisionView } from '../resources/views.ts'
import type { OpenArchive } from './archive.ts'
import { archivedRecords } from './archived-records.ts'

const MAX_CACHED_ANSWERS = 10_000

/**
 * Checks whether an archive contains a resource or a revision. It reads only the chunks that can contain the
 * resource.
 */
export class ArchivedIds {
  readonly #archive: OpenArchive
  readonly #answers = new Map<string, boolean>()

  constructor(archive: OpenArchive) {
    this.#archive = archive
  }

  /** `id` is a resource id. `to` is the id to find: the same resource id, or the id of one of its revisions. */
  async has(model: string, id: string, to: string, kind: 'resource_id' | 'revision_id'): Promise<boolean> {
    const key = `${model}/${kind}/${to}`
    const answer = this.#answers.get(key) ?? (await this.#find(model, id, kind === 'revision_id' ? to : undefined))
    if (this.#answers.size > MAX_CACHED_ANSWERS) this.#answers.clear()
    this.#answers.set(key, answer)
    return answer
  }

  async #find(model: string, id: string, revision: string | undefined): Promise<boolean> {
    const h = hashKeyOf(id)
    const segment = this.#archive.segments.findIndex(
      (candidate) =>
        candidate.model === model &&
        candidate.first_h !== undefined &&
        candidate.last_h !== undefined &&
        candidate.first_h <= h &&
        h <= candidate.last_h,
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
