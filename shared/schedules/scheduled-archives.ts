import { schedulePrefix } from '../catalogue/archive-key.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { dueTimeIn } from './schedule.ts'

/** The store and the bucket of the archives of schedules. */
export interface ScheduledArchiveServices {
  readonly objects: Pick<ObjectStore, 'list' | 'sourceOf'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/** An archive of a schedule in the archive bucket. */
export interface ScheduledArchive {
  readonly object: PinnedObject
  readonly job_id: string
  /** The due time of the archive. ISO 8601. */
  readonly at: string
}

const NAME = /\/([^/]+)\.acbak$/

/** Returns the archives of one schedule in the archive bucket, newest first. Objects with other names are ignored. */
export const scheduledArchives = async (
  { objects, config }: ScheduledArchiveServices,
  name: string,
): Promise<ScheduledArchive[]> => {
  const archives: ScheduledArchive[] = []
  for await (const object of objects.list(config.buckets.archives, schedulePrefix(name))) {
    const [, job_id = ''] = NAME.exec(object.key) ?? []
    const at = dueTimeIn(job_id)
    if (at !== undefined) archives.push({ object, job_id, at: at.toISOString() })
  }
  return archives.sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || (a.object.key < b.object.key ? 1 : -1))
}
