import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { attemptAll, type Attempts } from './attempt-all.ts'
import { ArchiveCopyError } from './errors.ts'
import { copyObject } from './copy-object.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'
import { DAY_MS } from './prune-plan.ts'
import type { Schedule } from './schedule.ts'
import { type ScheduledArchive, scheduledArchives } from './scheduled-archives.ts'

/** The stores and settings that are needed to copy archives. */
interface CopyArchivesServices {
  readonly objects: ObjectStore
  /** Accesses the bucket of the copies, which may be in another region. */
  readonly copies: ObjectStore
  readonly config: {
    readonly deployment: string
    readonly region: string
    readonly buckets: { readonly archives: string }
    readonly schedules: readonly Schedule[]
    readonly copy_archives_to?: { readonly bucket: string }
  }
  readonly clock: () => Date
}

/** The copies of the archives of one schedule. */
interface CopiedSchedule {
  readonly schedule: string
  /** The keys of the new copies. */
  readonly copied: readonly string[]
  /** The number of copies that were checked, including the new ones. */
  readonly checked: number
}

/**
 * The age up to which archives are copied and checked. Older copies are left alone, so the owner of the other bucket may
 * delete them.
 */
const COPIED_DAYS = 7

/**
 * Copies the archives of all schedules that are at most seven days old to the bucket of the setting `copy_archives_to`,
 * unless there is an equal copy, and checks every copy. If an archive cannot be copied, or if its copy differs from it,
 * continues with the next schedule. Without the setting, does nothing.
 */
export const copyArchives = async (services: CopyArchivesServices): Promise<Attempts<CopiedSchedule>> => {
  const { config } = services
  const target = config.copy_archives_to
  if (target === undefined) return { results: [], failures: [] }
  return attemptAll(
    config.schedules,
    ({ name }) => `schedule ${name}`,
    (schedule) => copySchedule(services, schedule.name, target.bucket),
  )
}

const copySchedule = async (
  services: CopyArchivesServices,
  schedule: string,
  bucket: string,
): Promise<CopiedSchedule> => {
  const since = services.clock().getTime() - COPIED_DAYS * DAY_MS
  const archives = await scheduledArchives(services, schedule)
  const recent = archives.filter(({ at }) => Date.parse(at) >= since)
  const copied: string[] = []
  for (const archive of recent) {
    const key = copyKey(services.config, archive)
    if ((await faultOf(services, archive.object, { bucket, key })) === undefined) continue
    await copyObject(services, archive.object, { bucket, key })
    const fault = await faultOf(services, archive.object, { bucket, key })
    if (fault !== undefined) throw new ArchiveCopyError(archive.object.key, `s3://${bucket}/${key}`, fault)
    copied.push(key)
  }
  return { schedule, copied, checked: recent.length }
}

/** Several deployments can copy to the same bucket, because the key contains the deployment and its region. */
const copyKey = ({ deployment, region }: CopyArchivesServices['config'], { object }: ScheduledArchive): string =>
  `${deployment}/${region}/${object.key}`

/**
 * Compares a copy with its archive: the sizes, the checksums that S3 has computed of both objects, and the manifests.
 * Returns how they differ, or undefined if they are equal.
 */
const faultOf = async (
  { objects, copies }: CopyArchivesServices,
  archive: PinnedObject,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): Promise<string | undefined> => {
  const copy = await copies.head(bucket, key)
  if (copy === undefined) return 'the copy does not exist'
  if (copy.size !== archive.size) return `the copy has ${copy.size} bytes, and the archive has ${archive.size}`
  const checksum = (await objects.head(archive.bucket, archive.key))?.checksum_crc64
  if (checksum !== undefined && copy.checksum_crc64 !== undefined && checksum !== copy.checksum_crc64)
    return 'the checksum of the copy differs from that of the archive'
  const [original, opened] = [await openScheduledArchive(objects, archive), await openScheduledArchive(copies, copy)]
  if (original?.manifestSha256 !== opened?.manifestSha256) return 'the manifest of the copy cannot be read or differs'
  return undefined
}
