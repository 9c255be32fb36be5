import type { WorkFiles } from '../../jobs/work-files.ts'
import { idHashOf } from '../../resources/keys.ts'
import { DAMAGED_BLOBS, type ScanFault, STREAM_FAULT_PAGES, STREAM_FAULTS } from '../messages/convert.ts'
import type { StreamFault, StreamFaultPage } from '../messages/convert.ts'
import type { RestorePlan } from '../messages/inspect.ts'

interface FaultStores {
  readonly workFiles: WorkFiles
}

/**
 * Returns the pages of the resources that cannot be restored according to the conversion of the stream. Returns an
 * empty list if the archive is not a stream.
 */
export const streamFaultPages = async (
  { workFiles }: FaultStores,
  { converted }: RestorePlan,
): Promise<readonly StreamFaultPage[]> =>
  converted?.faults === undefined ? [] : workFiles.readPinned(STREAM_FAULT_PAGES, converted.faults)

/** Returns the blobs of the stream that cannot be restored, by id. The map is empty if the archive is not a stream. */
export const damagedBlobs = async (
  { workFiles }: FaultStores,
  { converted }: RestorePlan,
): Promise<ReadonlyMap<string, ScanFault>> => {
  const list =
    converted?.damaged_blobs === undefined ? [] : await workFiles.readPinned(DAMAGED_BLOBS, converted.damaged_blobs)
  return new Map(list.map((blob) => [blob.id, blob]))
}

/**
 * Yields the faults of some pages in the order of an archive. Holds one page in memory. With `ids`, yields only the
 * faults of these resources, and reads only the pages that can contain them.
 */
export async function* faultsOf(
  { workFiles }: FaultStores,
  pages: readonly StreamFaultPage[],
  ids?: readonly string[],
): AsyncGenerator<StreamFault> {
  const wanted = ids === undefined ? undefined : new Set(ids)
  const idHashes = ids?.map((id) => idHashOf(id))
  for (const { first_h, last_h, list } of pages) {
    if (idHashes?.some((h) => first_h <= h && h <= last_h) === false) continue
    for (const fault of await workFiles.readPinned(STREAM_FAULTS, list))
      if (wanted?.has(fault.resource.resource_id) !== false) yield fault
  }
}

/** Finds the faults of resources of one model. Holds one page in memory. */
export class StreamFaultLookup {
  readonly #services: FaultStores
  /** The pages that may contain the next resource. */
  #pages: readonly StreamFaultPage[]
  #read: { readonly page: StreamFaultPage; readonly faults: ReadonlyMap<string, StreamFault> } | undefined

  constructor(services: FaultStores, pages: readonly StreamFaultPage[], model: string) {
    this.#services = services
    this.#pages = pages.filter((page) => page.model === model && page.without_metadata < page.count)
  }

  /**
   * Returns the fault of a resource, or undefined if the conversion found no fault of this resource. The caller must
   * pass only ids of resources with metadata, in the order of the archive.
   */
  async find(id: string): Promise<StreamFault | undefined> {
    if (this.#pages.length === 0) return undefined
    const h = idHashOf(id)
    const next = this.#pages.findIndex(({ last_h }) => last_h >= h)
    this.#pages = next === -1 ? [] : this.#pages.slice(next)
    // Two resources can have the same id hash, so more than one page can contain it.
    for (const page of this.#pages) {
      if (page.first_h > h) return undefined
      const fault = (await this.#faultsOf(page)).get(id)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  async #faultsOf(page: StreamFaultPage): Promise<ReadonlyMap<string, StreamFault>> {
    if (this.#read?.page !== page) {
      const list = await this.#services.workFiles.readPinned(STREAM_FAULTS, page.list)
      this.#read = { page, faults: new Map(list.map((fault) => [fault.resource.resource_id, fault])) }
    }
    return this.#read.faults
  }
}
