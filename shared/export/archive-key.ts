import type { ExportJob } from '../jobs/job.ts'

/** Where a schedule's archives lie in the archive bucket. */
export const schedulePrefix = (name: string): string => `scheduled/${name}/`

/**
 * Where an export's archive lies in the archive bucket: `exports/{yyyy}/{mm}/{dd}/{job id}.acbak`; a schedule's
 * `scheduled/{name}/{yyyy}/{mm}/{dd}/{job id}.acbak`, by the day for which it was due.
 */
export const archiveKey = ({ job_id, created_at, request: { schedule } }: ExportJob): string =>
  schedule === undefined
    ? `exports/${dayOf(created_at)}/${job_id}.acbak`
    : `${schedulePrefix(schedule.name)}${dayOf(schedule.at)}/${job_id}.acbak`

const dayOf = (instant: string): string => instant.slice(0, 10).replaceAll('-', '/')
