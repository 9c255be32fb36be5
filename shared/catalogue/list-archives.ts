import pMap from 'p-map'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { tryBriefly } from '../throttling/try-briefly.ts'
import { bytesInResponse, MAX_PAGE_BYTES } from '../values/response-size.ts'
import type { ArchiveFilter } from './archive-search.ts'
import type { ArchiveCatalogue } from './aws/archive-catalogue.ts'
import { addMissingArchives, type CatalogueExportServices } from './catalogue-export.ts'
import { isSameVersion, type KnownArchive } from './catalogued-archive.ts'
import { ArchiveSearchTimeoutError } from './errors.ts'

/** The stores that are needed to list archives. */
export interface ListArchivesServices extends CatalogueExportServices {
  readonly catalogue: CatalogueExportServices['catalogue'] & Pick<ArchiveCatalogue, 'announced' | 'search' | 'unlist'>
  readonly objects: Pick<ObjectStore, 'head'>
  /** Returns the states of the judgements of archives, by their keys. Archives without a judgement are absent. */
  readonly archiveJudgements: {
    states(
      archives: readonly { readonly schedule: string; readonly key: string }[],
    ): Promise<ReadonlyMap<string, string>>
  }
  readonly clock: () => Date
}

/** An existing archive, with its current state. */
export interface ListedArchive {
  readonly archive: KnownArchive
  /** True if the archive was judged as suspicious, also if a caller has decided about it. */
  readonly suspicious: boolean
  readonly decision?: ArchiveDecisionName
  /** The time until which S3 Object Lock protects the archive. ISO 8601. */
  readonly locked_until?: string
}

const DECISIONS = ['confirmed', 'rejected'] as const
type ArchiveDecisionName = (typeof DECISIONS)[number]

export interface ArchivePage {
  readonly archives: readonly ListedArchive[]
  /** Absent on the last page. */
  readonly cursor?: string
}

export interface ListArchivesOptions extends ArchiveFilter {
  readonly limit: number
  readonly cursor?: string
}

/** The largest number of archives that one step of a search reads from the catalogue. */
const STEP = 50
/** The number of archives that are looked up in S3 at the same time. */
const LOOKED_UP_AT_ONCE = 16
/** The time after which a page ends even if it has few archives, or none. A route must respond within 30 seconds. */
const PAGE_MS = 8_000
/** The time for which the newest archive is searched. It is that of two pages, of which the second may begin late. */
const LATEST_MS = 16_000
/** The largest size of the members that the API adds to each archive. */
const ADDED_BYTES = 512

/**
 * Returns a page of the archives that exist, newest first. Each archive is looked up in S3. If it was deleted or
 * replaced, for example by a lifecycle rule, the catalogue no longer lists it. The first page also adds archives whose
 * exports could not add them. A page may have fewer than `limit` archives. Throws `InvalidRequestError` if the cursor
 * is invalid.
 */
export const listArchives = async (
  services: ListArchivesServices,
  { limit, cursor, ...filter }: ListArchivesOptions,
  pageMs = PAGE_MS,
): Promise<ArchivePage> => {
  const started = performance.now()
  if (cursor === undefined) await addMissingArchives(services)
  const archives: ListedArchive[] = []
  let bytes = 0
  /** The cursor after the last archive that need not be read again. */
  let end: string | undefined
  for await (const step of services.catalogue.search(filter, Math.min(STEP, limit + 1), cursor)) {
    for (let rest = step.archives; rest.length > 0;) {
      // One more archive than the page needs shows whether there is another page.
      const slice = rest.slice(0, limit - archives.length + 1)
      rest = rest.slice(slice.length)
      const listed = await describeAll(
        services,
        slice.map(({ archive }) => archive),
      )
      for (const [k, { cursor: here }] of slice.entries()) {
        const one = listed[k]
        if (one !== undefined) {
          const added = bytesInResponse(one) + ADDED_BYTES
          const isFull = archives.length === limit || (archives.length > 0 && bytes + added > MAX_PAGE_BYTES)
          if (isFull && end !== undefined) return { archives, cursor: end }
          archives.push(one)
          bytes += added
        }
        end = here
      }
    }
    end = step.cursor
    if (performance.now() - started >= pageMs) return { archives, cursor: end }
  }
  return { archives }
}

/**
 * Returns the newest archive that a filter selects and that exists. Returns undefined if there is none. Throws
 * `ArchiveSearchTimeoutError` if the search does not end within `latestMs`, which is only possible if very many
 * archives were deleted without this program.
 */
export const latestArchive = async (
  services: ListArchivesServices,
  filter: ArchiveFilter,
  latestMs = LATEST_MS,
): Promise<ListedArchive | undefined> => {
  const started = performance.now()
  let cursor: string | undefined
  do {
    const page: ArchivePage = await listArchives(
      services,
      { ...filter, limit: 1, ...(cursor === undefined ? {} : { cursor }) },
      Math.min(PAGE_MS, latestMs),
    )
    if (page.archives[0] !== undefined) return page.archives[0]
    ;({ cursor } = page)
    if (cursor !== undefined && performance.now() - started >= latestMs)
      throw new ArchiveSearchTimeoutError(latestMs / 1000)
  } while (cursor !== undefined)
  return undefined
}

/** Returns the current states of archives. Returns undefined for archives that no longer exist. */
const describeAll = async (
  services: ListArchivesServices,
  archives: readonly KnownArchive[],
): Promise<(ListedArchive | undefined)[]> => {
  const scheduled = archives.flatMap(({ schedule, key }) => (schedule === undefined ? [] : [{ schedule, key }]))
  const states = await services.archiveJudgements.states(scheduled)
  return pMap(archives, (archive) => describe(services, archive, states.get(archive.key)), {
    concurrency: LOOKED_UP_AT_ONCE,
  })
}

const describe = async (
  { objects, catalogue, clock }: ListArchivesServices,
  archive: KnownArchive,
  state: string | undefined,
): Promise<ListedArchive | undefined> => {
  const head = await objects.head(archive.bucket, archive.key)
  if (head === undefined || !isSameVersion(head, archive)) {
    await unlistDeleted(catalogue, archive, clock())
    return undefined
  }
  const decision = DECISIONS.find((name) => name === state)
  const { locked_until } = head
  const isLocked = locked_until !== undefined && Date.parse(locked_until) > clock().getTime()
  return {
    archive,
    suspicious: state === 'suspicious' || decision !== undefined,
    ...(decision === undefined ? {} : { decision }),
    ...(isLocked ? { locked_until } : {}),
  }
}

/** Removes a deleted archive from the lists. If this fails, the next listing tries again. */
const unlistDeleted = (
  catalogue: Pick<ArchiveCatalogue, 'unlist'>,
  archive: KnownArchive,
  now: Date,
): Promise<unknown> =>
  tryBriefly('a deleted archive could not be removed from the lists of the catalogue', { key: archive.key }, () =>
    catalogue.unlist(archive, now),
  )
