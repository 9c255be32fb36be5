import type { ExportJob } from '../jobs/job.ts'

/** The prefix of a schedule's archives in the archive bucket. */
export const schedulePrefix = (name: string): string => `scheduled/${name}/`

/**
 * The key of an export's archive in the archive bucket: `exports/{yyyy}/{mm}/{dd}/{job id}.acbak`, or
 * `scheduled/{name}/{yyyy}/{mm}/{dd}/{job id}.acbak` with the day for which the schedule was due.
 */
export const archiveKey = ({ job_id, created_at, request: { schedule } }: ExportJob): string =>
  schedule === undefined
    ? `exports/${dayOf(created_at)}/${job_id}.acbak`
    : `${schedulePrefix(schedule.name)}${dayOf(schedule.at)}/${job_id}.acbak`

const dayOf = (instant: string): string => instant.slice(0, 10).replaceAll('-', '/')
