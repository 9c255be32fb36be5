import type { Attempt } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { idHashOf } from '../../resources/keys.ts'
import { STREAM_FAULT_PAGES, STREAM_FAULTS, type StreamFault, type StreamFaultPage } from '../messages/convert.ts'

/** The number of faults in a page. A page with reasons of usual length has about 2 MB. */
const PAGE_FAULTS = 10_000

/** Writes the faults of one pass as pages, so that memory does not grow with their number. */
export class FaultPages {
  readonly #workFiles: WorkFiles
  readonly #attempt: Attempt
  readonly #pages: StreamFaultPage[] = []
  #open: StreamFault[] = []

  constructor(workFiles: WorkFiles, attempt: Attempt) {
    this.#workFiles = workFiles
    this.#attempt = attempt
  }

  /** Adds a fault. The caller must add the faults in the order of an archive. */
  async add(fault: StreamFault): Promise<void> {
    const isOtherModel = this.#open[0]?.resource.model !== fault.resource.model
    if (isOtherModel || this.#open.length === PAGE_FAULTS) await this.#writePage()
    this.#open.push(fault)
  }

  /** Returns a function that removes the faults that were added after this call. */
  mark(): () => void {
    const [pages, open, count] = [this.#pages.length, this.#open, this.#open.length]
    return () => {
      this.#pages.length = pages
      this.#open = open.slice(0, count)
    }
  }

  /**
   * Writes the last page. Returns the list of the pages, or undefined if there are no faults. After a `ThrottledError`,
   * the caller can call this method again.
   */
  async finish(): Promise<PinnedObject | undefined> {
    await this.#writePage()
    const { job_id, attempt } = this.#attempt
    return this.#pages.length === 0
      ? undefined
      : this.#workFiles.write(STREAM_FAULT_PAGES, this.#pages, job_id, attempt)
  }

  async #writePage(): Promise<void> {
    const faults = this.#open
    const [first] = faults
    const last = faults.at(-1)
    if (first === undefined || last === undefined) return
    const { job_id, attempt } = this.#attempt
    const list = await this.#workFiles.write(STREAM_FAULTS, faults, job_id, attempt, this.#pages.length)
    this.#open = []
    this.#pages.push({
      model: first.resource.model,
      first_h: idHashOfFault(first),
      last_h: idHashOfFault(last),
      count: faults.length,
      without_metadata: faults.filter(({ has_metadata }) => !has_metadata).length,
      list,
    })
  }
}

const idHashOfFault = ({ resource: { resource_id } }: StreamFault): string =>
  resource_id === '' ? '' : idHashOf(resource_id)
