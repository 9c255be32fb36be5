import type { PinnedObject } from '../../objects/object.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { compressZstd } from '../../archive/compression.ts'
import {
  DIFFERENCE_GROUPS,
  type DifferenceGroup,
  type DifferencePage,
  PASS_DIFFERENCES,
} from '../messages/differences.ts'

/** The number of ids on a page. An id has at most 255 characters, so a page takes at most a few MB of memory. */
export const PAGE_IDS = 10_000

/** The ids of one group that are not on a page yet. They belong to one model. */
interface OpenPage {
  readonly model: string
  readonly ids: string[]
}

/**
 * Lists the ids of the differences that one pass finds, for each group in the order of the archive. Writes a page as
 * soon as it is full, so the memory does not grow with the number of differences.
 */
export class DifferenceLists {
  readonly #workFiles: WorkFiles
  readonly #attempt: Pick<Attempt, 'job_id' | 'n' | 'attempt'>
  readonly #stage: string
  readonly #open = new Map<DifferenceGroup, OpenPage>()
  readonly #pages: DifferencePage[] = []
  /** The number of written pages, including those that `mark` has removed. It is part of the names of the pages. */
  #written = 0

  constructor(workFiles: WorkFiles, stage: string, attempt: Pick<Attempt, 'job_id' | 'n' | 'attempt'>) {
    this.#workFiles = workFiles
    this.#stage = stage
    this.#attempt = attempt
  }

  /**
   * Adds a resource. Returns undefined, or a promise for which the caller must wait before the next call. If a page
   * could not be written, the resource was not added.
   */
  add(group: DifferenceGroup, model: string, id: string): Promise<void> | undefined {
    const open = this.#open.get(group)
    if (open?.model === model && open.ids.length < PAGE_IDS) {
      open.ids.push(id)
      return undefined
    }
    if (open !== undefined && open.ids.length > 0)
      return this.#write(group, open).then(() => void this.#open.set(group, { model, ids: [id] }))
    this.#open.set(group, { model, ids: [id] })
    return undefined
  }

  /** Returns a function that removes what was added after this call. It can be called several times. */
  mark(): () => void {
    const pages = this.#pages.length
    // A page that is written later keeps its ids in the memory until the mark is dropped.
    const open = [...this.#open].map(([group, page]) => ({ group, page, length: page.ids.length }))
    return () => {
      this.#pages.length = pages
      this.#open.clear()
      for (const { group, page, length } of open) {
        page.ids.length = length
        this.#open.set(group, page)
      }
    }
  }

  /**
   * Writes the remaining ids and the list of the pages. Returns the location of this list for the result of the pass.
   * If there are no differences, returns an empty object.
   */
  async finish(): Promise<{ readonly differences?: PinnedObject }> {
    for (const group of DIFFERENCE_GROUPS) {
      const open = this.#open.get(group)
      if (open !== undefined && open.ids.length > 0) await this.#write(group, open)
    }
    this.#open.clear()
    const { job_id, n, attempt } = this.#attempt
    if (this.#pages.length === 0) return {}
    return {
      differences: await this.#workFiles.write(PASS_DIFFERENCES, this.#pages, job_id, this.#stage, n, attempt),
    }
  }

  async #write(group: DifferenceGroup, { model, ids }: OpenPage): Promise<void> {
    const { job_id, n, attempt } = this.#attempt
    const name = `differences/${this.#stage}/${n}/${attempt}-${this.#written}`
    this.#written += 1
    await this.#workFiles.writeBytes(await compressZstd(Buffer.from(JSON.stringify(ids))), job_id, name)
    this.#pages.push({ group, model, count: ids.length, name })
  }
}
