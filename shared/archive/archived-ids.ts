import { idHashOf } from '../resources/keys.ts'
import { RevisionView } from '../resources/views.ts'
import { must } from '../values/must.ts'
import type { OpenArchive } from './archive.ts'
import { archivedRecords } from './archived-records.ts'
import { resultOrArchiveFault } from './errors.ts'

/**
 * The number of cached results. They take a few MB at most, because a key of the cache has at most some hundred bytes.
 */
const MAX_CACHED_RESULTS = 10_000

/** Checks whether an archive contains a resource or a revision. Reads only the chunks that can contain the resource. */
export class ArchivedIds {
  readonly #archive: OpenArchive
  readonly #answers = new Map<string, boolean | Error>()

  constructor(archive: OpenArchive) {
    this.#archive = archive
  }

  /**
   * Returns true if the archive contains the resource or revision with the id `to`. If `kind` is `resource_id`, `to`
   * must equal `id`. If `kind` is `revision_id`, `to` must be the id of a revision of the resource `id`.
   * If the part of the archive that can contain the resource is damaged, returns the damage.
   */
  async has(model: string, id: string, to: string, kind: 'resource_id' | 'revision_id'): Promise<boolean | Error> {
    const key = `${model}/${kind}/${to}`
    const revision = kind === 'revision_id' ? to : undefined
    const answer = this.#answers.get(key) ?? (await resultOrArchiveFault(() => this.#find(model, id, revision)))
    if (this.#answers.size > MAX_CACHED_RESULTS) this.#answers.clear()
    this.#answers.set(key, answer)
    return answer
  }

  async #find(model: string, id: string, revision: string | undefined): Promise<boolean> {
    const h = idHashOf(id)
    const segment = this.#archive.segments.findIndex(
      (candidate) => candidate.model === model && must(candidate.first_h) <= h && h <= must(candidate.last_h),
    )
    if (segment === -1) return false
    for await (const batch of archivedRecords(this.#archive, { first: segment, last: segment }, { ids: [id] })) {
      for (const record of batch) {
        if (record.fault !== undefined) continue
        const { kind, item } = record
        if (revision === undefined ? kind === 'metadata' : new RevisionView(item).revisionId === revision) return true
      }
    }
    return false
  }
}
