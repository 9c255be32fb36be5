import type { OpenArchive } from '../../archive/archive.ts'
import { type ArchivedRecord, archivedRecords } from '../../archive/archived-records.ts'
import { filterFor } from '../../jobs/job-filter.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import type { ExtentCursor } from '../messages/apply.ts'
import type { Extent } from '../messages/preflight.ts'
import { BitList } from './bit-list.ts'

/** An archived resource that the filters of the restore accept. */
export interface SelectedResource {
  readonly metadata: ArchivedRecord
  /** True if the target had the resource at preflight. */
  readonly existed: boolean
  /** The position where the next pass continues if this pass stops before the resource. */
  readonly cursor: ExtentCursor
}

export type ExtentEvent =
  | { readonly kind: 'begin'; readonly resource: SelectedResource }
  | { readonly kind: 'revision'; readonly record: ArchivedRecord }
  | { readonly kind: 'end' }

/**
 * Reads the resources of an extent that the filters accept, in order. For each resource, it yields a `begin` event, one
 * event per revision, and an `end` event.
 */
export async function* extentEvents(
  { objects, models }: { readonly objects: ObjectStore; readonly models: ModelRegistry },
  { job, archive }: { readonly job: RestoreJob; readonly archive: OpenArchive },
  extent: Extent,
  start?: ExtentCursor,
): AsyncGenerator<ExtentEvent[]> {
  if (extent.segment === undefined || extent.resources === 0) return
  const existing = BitList.decode(await objects.readBytes(extent.existing, 0, extent.existing.size))
  const accepts = filterFor(job, models, extent.model)
  const from = start?.from ?? extent.from
  let index = start?.index ?? 0
  let isOpen = false
  for await (const batch of archivedRecords(archive, extent.segment, { from, ids: job.request.filters.ids })) {
    const events: ExtentEvent[] = []
    for (const record of batch) {
      if (record.kind === 'revision') {
        if (isOpen) events.push({ kind: 'revision', record })
        continue
      }
      if (isOpen) events.push({ kind: 'end' })
      isOpen = false
      const bucket = record.h.slice(0, 4)
      if (extent.to_bucket !== undefined && bucket >= extent.to_bucket) {
        if (events.length > 0) yield events
        return
      }
      if (!accepts(record.item)) continue
      isOpen = true
      const cursor = { from: { entry: record.entry, bucket }, index }
      events.push({ kind: 'begin', resource: { metadata: record, existed: existing.at(index), cursor } })
      index += 1
    }
    if (events.length > 0) yield events
  }
  if (isOpen) yield [{ kind: 'end' }]
}
