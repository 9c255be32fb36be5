import type { ExportJob } from '../jobs/job.ts'

/** Where an export's archive lies in the archive bucket: `exports/{yyyy}/{mm}/{dd}/{job id}.acbak`; a schedule's under its own prefix. */
export const archiveKey = ({ job_id, created_at }: ExportJob): string =>
  `exports/${created_at.slice(0, 10).replaceAll('-', '/')}/${job_id}.acbak`
