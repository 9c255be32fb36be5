import * as z from 'zod'
import { ArchiveCheck, ArchiveProof } from '../../shared/catalogue/catalogued-archive.ts'
import type { ArchivePage, ListedArchive } from '../../shared/catalogue/list-archives.ts'
import { ExportCounts } from '../../shared/jobs/export-result.ts'

/** An archive of the archive bucket. The response of `GET /_backup/archives/latest`. */
export const ArchiveView = z
  .object({
    /** The job that has written the archive. */
    job_id: z.string(),
    source: z.enum(['api', 'schedule']),
    /** The name of the schedule. Present only if `source` is `schedule`. */
    schedule: z.exactOptional(z.string()),
    bucket: z.string(),
    key: z.string(),
    version_id: z.exactOptional(z.string()),
    /** The size in bytes. */
    size: z.int(),
    format: z.enum(['acbak', 'specstar']),
    created_at: z.string(),
    /** The numbers of resources, revisions and blobs of each model. */
    models: z.record(z.string(), ExportCounts).readonly(),
    /** The models and the filters of the export. `filters` is absent if there are none. */
    scope: z
      .object({
        models: z.array(z.string()).readonly(),
        filters: z.exactOptional(z.record(z.string(), z.unknown()).readonly()),
      })
      .readonly(),
    /** False if blobs or resources were left out. */
    complete: z.boolean(),
    /** True if the archive was judged as suspicious, also if a caller has confirmed or rejected it. */
    suspicious: z.boolean(),
    /** The decision of a caller about a suspicious archive. */
    decision: z.exactOptional(z.enum(['confirmed', 'rejected'])),
    /** The time until which S3 Object Lock protects the archive. Absent if it is not locked. */
    locked_until: z.exactOptional(z.string()),
    /** The last check of every byte and every record. Absent if the archive was never checked. */
    last_checked: z.exactOptional(ArchiveCheck),
    /** The last restore that has proved the archive. Absent if there is none. */
    last_proved: z.exactOptional(ArchiveProof),
  })
  .readonly()
export type ArchiveView = z.output<typeof ArchiveView>

/** The response of `GET /_backup/archives`. */
export const ArchiveListView = z
  .object({
    /** Newest first. */
    archives: z.array(ArchiveView).readonly(),
    /** The value of the parameter `cursor` for the next page. The last page has no cursor. */
    cursor: z.exactOptional(z.string()),
  })
  .readonly()
export type ArchiveListView = z.output<typeof ArchiveListView>

export const archiveListView = ({ archives, cursor }: ArchivePage): ArchiveListView => ({
  archives: archives.map(archiveView),
  ...(cursor === undefined ? {} : { cursor }),
})

export const archiveView = ({ archive, suspicious, decision, locked_until }: ListedArchive): ArchiveView => {
  const { job_id, schedule, bucket, key, version_id, size, format, created_at, models, scope, complete } = archive
  const { last_checked, last_proved } = archive
  return {
    job_id,
    source: schedule === undefined ? 'api' : 'schedule',
    ...(schedule === undefined ? {} : { schedule }),
    bucket,
    key,
    ...(version_id === undefined ? {} : { version_id }),
    size,
    format,
    created_at,
    models,
    scope,
    complete,
    suspicious,
    ...(decision === undefined ? {} : { decision }),
    ...(locked_until === undefined ? {} : { locked_until }),
    ...(last_checked === undefined ? {} : { last_checked }),
    ...(last_proved === undefined ? {} : { last_proved }),
  }
}
