import { allResults, untyped } from '../jobs/pass.ts'
import type { RestoreJob } from '../jobs/job.ts'
import { filterFor } from '../jobs/job-filter.ts'
import type { Services } from '../runtime/services.ts'
import type { OpenArchive } from '../archive/archive.ts'
import { type ArchivedRecord, archivedRecords, type RecordsFrom } from '../archive/archived-records.ts'
import { Bits } from './preflight/bits.ts'
import type { Extent, PreflightResult } from './preflight/preflight.ts'

/** Every extent that preflight made, in the order of (child, pass, share). */
export const allExtents = async (services: Services, jobId: string): Promise<Extent[]> =>
  (await allResults(services, jobId, untyped<PreflightResult>('preflight'))).flatMap(({ extents }) => extents)

/**
 * The order in which extents are worked on: that of their places with the bits reversed, so that the first workers meet
 * different shards of a table.
 */
export const bitReversed = (count: number): number[] => {
  const bits = Math.max(1, Math.ceil(Math.log2(count)))
  const reversed = (value: number): number => {
    let result = 0
    for (let bit = 0; bit < bits; bit++) if ((value & (1 << bit)) !== 0) result |= 1 << (bits - 1 - bit)
    return result
  }
  return Array.from({ length: 1 << bits }, (_, value) => reversed(value)).filter((value) => value < count)
}

/** Where a pass over an extent goes on: a chunk, its bucket, and how many of the extent's resources are behind it. */
export interface ExtentCursor {
  readonly from: RecordsFrom
  readonly place: number
}

/** A resource that the filters take, beginning: its decision is whether the target had it at preflight. */
export interface TakenResource {
  readonly metadata: ArchivedRecord
  readonly existed: boolean
  /** Where a pass that stops before this resource would go on. */
  readonly cursor: ExtentCursor
}

export type ExtentEvent =
  | { readonly kind: 'begin'; readonly resource: TakenResource }
  | { readonly kind: 'revision'; readonly record: ArchivedRecord }
  | { readonly kind: 'end' }

/** Reads an extent's records and gives those that the filters take, each resource with its decision. */
export async function* extentEvents(
  services: Services,
  archive: OpenArchive,
  extent: Extent,
  job: RestoreJob,
  start?: ExtentCursor,
): AsyncGenerator<ExtentEvent[]> {
  if (extent.segment === undefined || extent.resources === 0) return
  const { objects } = services
  const bits = Bits.decode(await objects.readBytes(extent.decisions, 0, extent.decisions.size))
  const takes = filterFor(job, services.models, extent.model)
  let place = start?.place ?? 0
  let open = false
  const from = start?.from ?? extent.from
  for await (const batch of archivedRecords(archive, extent.segment, { from, ids: job.request.filters.ids })) {
    const events: ExtentEvent[] = []
    for (const record of batch) {
      if (record.kind === 'revision') {
        if (open) events.push({ kind: 'revision', record })
        continue
      }
      if (open) events.push({ kind: 'end' })
      open = false
      const bucket = record.h.slice(0, 4)
      if (extent.to_bucket !== undefined && bucket >= extent.to_bucket) {
        if (events.length > 0) yield events
        return
      }
      if (!takes(record.item)) continue
      open = true
      const cursor = { from: { entry: record.entry, bucket }, place }
      events.push({ kind: 'begin', resource: { metadata: record, existed: bits.at(place), cursor } })
      place += 1
    }
    if (events.length > 0) yield events
  }
  if (open) yield [{ kind: 'end' }]
}
