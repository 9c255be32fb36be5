import type { ExportJob } from '../jobs/job.ts'

/** The prefixes of the keys of all archives in the archive bucket. */
export const ARCHIVE_PREFIXES = ['exports/', 'scheduled/'] as const

/** Returns the key prefix that all archives of a schedule share in the archive bucket. */
export const schedulePrefix = (name: string): string => `scheduled/${name}/`

/** Returns the name of the schedule in the key of an archive. Returns undefined for other archives. */
export const scheduleIn = (key: string): string | undefined => /^scheduled\/([^/]+)\//.exec(key)?.[1]

/** Returns the job id in the key of an archive, or undefined if the key does not have the form of `archiveKey`. */
export const jobIdIn = (key: string): string | undefined => /\/([^/]+)\.acbak$/.exec(key)?.[1]

/**
 * Returns the key of an export's archive in the archive bucket. The key is `exports/{yyyy}/{mm}/{dd}/{job id}.acbak`,
 * with the day on which the job was created. For a scheduled export, the key is `scheduled/{name}/{yyyy}/{mm}/{dd}/{job
 * id}.acbak`, with the day of the due time. Days are in UTC.
 */
export const archiveKey = ({ job_id, created_at, request: { schedule } }: ExportJob): string =>
  schedule === undefined
    ? `exports/${dayOf(created_at)}/${job_id}.acbak`
    : `${schedulePrefix(schedule.name)}${dayOf(schedule.at)}/${job_id}.acbak`

const dayOf = (instant: string): string => instant.slice(0, 10).replaceAll('-', '/')
