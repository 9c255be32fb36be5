import type { ExportJob } from '../jobs/job.ts'

/** Returns the key prefix that all archives of a schedule share in the archive bucket. */
export const schedulePrefix = (name: string): string => `scheduled/${name}/`

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
