import type { OpenArchive } from '../../archive/archive.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { idHashOf } from '../../resources/keys.ts'
import { STREAM_FAULTS } from '../messages/convert.ts'
import { type Extent, LEFT_OUT_EXTENTS, LEFT_OUT_OF_EXTENT } from '../messages/preflight.ts'
import type { OpenRestore } from '../open-restore.ts'
import { pagesWithoutMetadata } from './left-out.ts'

interface LookupStores {
  readonly workFiles: WorkFiles
}

/** A list of left-out resources of one model. */
export interface LeftOutList {
  readonly model: string
  /** Returns true if the list can contain resources with this id hash. */
  readonly includes: (h: string) => boolean
  /** Returns the ids of the resources in the list. */
  readonly read: () => Promise<readonly string[]>
}

/**
 * Returns a function that returns whether the restore leaves out a resource whose metadata or revisions the archive
 * contains. The first call reads the extents from which resources were left out.
 */
export const leftOutLookup = (
  services: LookupStores,
  restore: OpenRestore,
): ((model: string, id: string) => Promise<boolean>) => {
  let lookup: Promise<LeftOutLookup> | undefined
  return async (model, id) => {
    lookup ??= leftOutLists(services, restore).then((lists) => new LeftOutLookup(lists))
    return (await lookup).has(model, id)
  }
}

/** The number of ids in memory, unless a single list has more. So many ids take about 10 MB of memory. */
const MAX_IDS = 100_000

/** Finds left-out resources. Reads only the lists that can contain them, and keeps the lists that were used last. */
export class LeftOutLookup {
  readonly #lists: readonly LeftOutList[]
  readonly #maxIds: number
  /** The ids of lists, beginning with the list that was not used for the longest time. */
  readonly #read = new Map<LeftOutList, ReadonlySet<string>>()

  constructor(lists: readonly LeftOutList[], maxIds = MAX_IDS) {
    this.#lists = lists
    this.#maxIds = maxIds
  }

  /** The number of ids in memory. */
  get held(): number {
    return [...this.#read.values()].reduce((sum, { size }) => sum + size, 0)
  }

  async has(model: string, id: string): Promise<boolean> {
    const h = idHashOf(id)
    for (const list of this.#lists)
      if (list.model === model && list.includes(h) && (await this.#idsOf(list)).has(id)) return true
    return false
  }

  async #idsOf(list: LeftOutList): Promise<ReadonlySet<string>> {
    const ids = this.#read.get(list) ?? new Set(await list.read())
    this.#read.delete(list)
    for (const oldest of this.#read.keys()) {
      if (this.held + ids.size <= this.#maxIds) break
      this.#read.delete(oldest)
    }
    this.#read.set(list, ids)
    return ids
  }
}

/** Returns the pages of the stream's faults, and the lists of the extents. */
const leftOutLists = async (services: LookupStores, restore: OpenRestore): Promise<LeftOutList[]> => {
  const { workFiles } = services
  const { job, archive } = restore
  const selected = job.request.filters.ids === undefined ? undefined : new Set(job.request.filters.ids)
  const pages = (await pagesWithoutMetadata(services, restore)).map(({ model, first_h, last_h, list }) => ({
    model,
    includes: (h: string) => first_h <= h && h <= last_h,
    read: async () =>
      (await workFiles.readPinned(STREAM_FAULTS, list))
        .filter(({ has_metadata }) => !has_metadata)
        .map(({ resource }) => resource.resource_id)
        .filter((id) => selected?.has(id) !== false),
  }))
  const extents = (await workFiles.read(LEFT_OUT_EXTENTS, job.job_id)).flatMap((extent) => {
    const { model, left_out } = extent
    if (left_out === undefined) return []
    const read = async (): Promise<string[]> =>
      (await workFiles.readPinned(LEFT_OUT_OF_EXTENT, left_out.list)).resources.map(({ resource_id }) => resource_id)
    return [{ model, includes: (h: string) => extentIncludes(archive, extent, h), read }]
  })
  return [...pages, ...extents]
}

/** Returns true if records with this id hash belong to an extent. */
export const extentIncludes = (
  { segments }: { readonly segments: readonly Pick<OpenArchive['segments'][number], 'first_h' | 'last_h'>[] },
  extent: Pick<Extent, 'segments' | 'from' | 'to_bucket'>,
  h: string,
): boolean => {
  if (extent.segments === undefined) return false
  const { from, to_bucket } = extent
  const first_h = segments[extent.segments.first]?.first_h
  const last_h = segments[extent.segments.last]?.last_h
  if (first_h === undefined || last_h === undefined || h < first_h || last_h < h) return false
  const bucket = h.slice(0, 4)
  return (from === undefined || from.bucket <= bucket) && (to_bucket === undefined || bucket < to_bucket)
}
