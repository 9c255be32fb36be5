import * as z from 'zod'
import { ArchiveCheck, ArchiveProof } from '../../shared/catalogue/catalogued-archive.ts'
import type { ArchivePage, ListedArchive } from '../../shared/catalogue/list-archives.ts'
import { ExportCounts } from '../../shared/jobs/export-result.ts'

/** An archive of the archive bucket. The response of `GET /_backup/archives/latest`. */
export const ArchiveView = z
  .object({
    job_id: z.string().describe('The job that has written the archive'),
    source: z.enum(['api', 'schedule']),
    schedule: z.exactOptional(z.string()).describe('The name of the schedule. Present only if `source` is `schedule`'),
    bucket: z.string(),
    key: z.string(),
    version_id: z.exactOptional(z.string()),
    size: z.int().describe('The size in bytes'),
    format: z.enum(['acbak', 'specstar']),
    created_at: z.string(),
    models: z
      .record(z.string(), ExportCounts)
      .readonly()
      .describe('The numbers of resources, revisions and blobs of each model'),
    scope: z
      .object({
        models: z.array(z.string()).readonly(),
        filters: z.exactOptional(z.record(z.string(), z.unknown()).readonly()),
      })
      .readonly()
      .describe('The models and the filters of the export. `filters` is absent if there are none'),
    complete: z.boolean().describe('False if blobs or resources were left out'),
    suspicious: z
      .boolean()
      .describe('True if the archive was judged as suspicious, also if a caller has confirmed or rejected it'),
    decision: z
      .exactOptional(z.enum(['confirmed', 'rejected']))
      .describe('The decision of a caller about a suspicious archive'),
    locked_until: z
      .exactOptional(z.string())
      .describe('The time until which S3 Object Lock protects the archive. Absent if it is not locked'),
    last_checked: z
      .exactOptional(ArchiveCheck)
      .describe(
        'The last check of every byte and every record, or the last restore that failed because of damage. ' +
          'Absent if there is neither',
      ),
    last_proved: z
      .exactOptional(ArchiveProof)
      .describe('The last restore that has proved the archive. Absent if there is none'),
  })
  .readonly()
  .meta({ id: 'Archive' })
export type ArchiveView = z.output<typeof ArchiveView>

/** The response of `GET /_backup/archives`. */
export const ArchiveListView = z
  .object({
    archives: z.array(ArchiveView).readonly().describe('Newest first'),
    cursor: z
      .exactOptional(z.string())
      .describe('The value of the parameter `cursor` for the next page. The last page has no cursor'),
  })
  .readonly()
  .meta({ id: 'ArchiveList' })
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
