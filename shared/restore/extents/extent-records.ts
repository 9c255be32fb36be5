import type { OpenArchive } from '../../archive/archive.ts'
import { archivedRecords, type SoundRecord } from '../../archive/archived-records.ts'
import { filterFor } from '../../jobs/job-filter.ts'
import type { ArchiveJob } from '../../jobs/job.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import type { ExtentCursor } from '../messages/apply.ts'
import { type Extent, LEFT_OUT_OF_EXTENT } from '../messages/preflight.ts'
import { BitList } from './bit-list.ts'

/** An archived resource that the filters of the restore select. */
export interface SelectedResource {
  readonly metadata: SoundRecord
  /** True if the target had the resource at preflight. */
  readonly existed: boolean
  /**
   * The first position of the digest bucket of this resource. If the pass stops before this bucket, the next pass
   * continues here.
   */
  readonly cursor: ExtentCursor
  /** The number of selected resources of the same digest bucket before this resource. */
  readonly before: number
}

/** Returns the position of a resource. A pass that continues here begins with this resource. */
export const positionOf = ({ cursor, before }: SelectedResource): ExtentCursor => ({ ...cursor, skip: before })

type ExtentEvent =
  | { readonly kind: 'begin'; readonly resource: SelectedResource }
  | { readonly kind: 'revision'; readonly record: SoundRecord }
  | { readonly kind: 'end' }

/**
 * Reads the resources of an extent in the order of the archive. Omits the resources that the filters do not select, and
 * the resources that preflight left out. For each resource, yields a `begin` event, one event per revision, and an
 * `end` event.
 */
export async function* extentEvents(
  {
    objects,
    workFiles,
    models,
  }: { readonly objects: ObjectStore; readonly workFiles: WorkFiles; readonly models: ModelRegistry },
  { job, archive }: { readonly job: ArchiveJob; readonly archive: OpenArchive },
  extent: Extent,
  start?: ExtentCursor,
): AsyncGenerator<ExtentEvent[]> {
  if (extent.segments === undefined || extent.resources === 0) return
  const existing = BitList.decode(await objects.readBytes(extent.existing, 0, extent.existing.size))
  const leftOut = new Set(
    extent.left_out === undefined ? [] : (await workFiles.readPinned(LEFT_OUT_OF_EXTENT, extent.left_out.list)).ids,
  )
  const accepts = filterFor(job, models, extent.model)
  const from = start?.from ?? extent.from
  let index = start?.index ?? 0
  /**
   * The position of the first sound record of the current digest bucket. If the pass stops before this bucket, the next
   * pass continues here.
   */
  let bucketStart: ExtentCursor | undefined
  /** The number of selected resources of the current digest bucket so far. */
  let selected = 0
  let openId: string | undefined
  for await (const batch of archivedRecords(archive, extent.segments, { from, ids: job.request.filters.ids })) {
    const events: ExtentEvent[] = []
    for (const record of batch) {
      if (record.kind === 'revision' && (record.fault !== undefined || record.id === openId)) {
        if (record.fault === undefined) events.push({ kind: 'revision', record })
        continue
      }
      if (openId !== undefined) events.push({ kind: 'end' })
      openId = undefined
      if (record.fault !== undefined) {
        index += 1
        continue
      }
      const bucket = record.h.slice(0, 4)
      if (extent.to_bucket !== undefined && bucket >= extent.to_bucket) {
        if (events.length > 0) yield events
        return
      }
      if (bucketStart?.from.bucket !== bucket) {
        bucketStart = { from: { segment: record.segment, entry: record.entry, bucket }, index }
        selected = 0
      }
      if (record.kind === 'revision' || !accepts(record.item)) continue
      const existed = existing.at(index)
      index += 1
      if (leftOut.has(record.id)) continue
      const before = selected
      selected += 1
      if (bucket === start?.from.bucket && before < (start.skip ?? 0)) continue
      openId = record.id
      events.push({ kind: 'begin', resource: { metadata: record, existed, cursor: bucketStart, before } })
    }
    if (events.length > 0) yield events
  }
  if (openId !== undefined) yield [{ kind: 'end' }]
}
