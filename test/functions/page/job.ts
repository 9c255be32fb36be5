import type { Job } from '../../../functions/page/source/api/schemas.ts'

/** Returns a running export with the given members. */
export const job = (change: Partial<Job>): Job => ({
  job_id: 'a',
  kind: 'export',
  status: 'running',
  source: 'api',
  requested_by: 'local',
  created_at: '2026-01-01T00:00:00.000Z',
  request: {},
  links: {},
  ...change,
})
