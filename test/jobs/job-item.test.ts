import { describe, expect, it } from 'vitest'
import { jobAttributes, jobKey, jobOf } from '../../shared/jobs/aws/job-item.ts'
import type { Job } from '../../shared/jobs/job.ts'

/** An ended export as the first version stored it. */
const FIRST_EXPORT: Job = {
  job_id: 'first',
  kind: 'export',
  status: 'partial',
  phase: 'tell',
  planned: { records: 3 },
  source: 'api',
  requested_by: 'local',
  created_at: '2026-11-24T08:00:00.000Z',
  ended_at: '2026-11-24T08:01:00.000Z',
  request: { models: ['city'], filters: { ids: ['a'], conditions: '[]' }, strict: false, format: 'acbak' },
  result: {
    archive: { bucket: 'b', key: 'k', size: 1, etag: 'e', manifest_sha256: 's' },
    models: { city: { resources: 1, revisions: 2, blobs: 3 } },
    complete: false,
    missing_blobs: { count: 1, ids: ['x'] },
  },
}

/** A failed restore as the first version stored it: without `strict` and without leases. */
const FIRST_RESTORE: Job = {
  job_id: 'second',
  kind: 'restore',
  status: 'failed',
  source: 'upload',
  requested_by: 's3://b/k',
  created_at: '2026-11-24T08:00:00.000Z',
  request: { filters: {}, on_duplicate: 'skip', dry_run: true, report_beside: { bucket: 'b', key: 'k' } },
  error: { type: 'conflict', title: 'A conflict', status: 409, detail: 'a conflict', id: 'x' },
  result: {
    models: { city: { loaded: 0, skipped: 0, total: 1 } },
    dry_run: {
      models: { city: { new: 1, changed: 0, same: 0, target_only: 0 } },
      blobs: { new: 0, changed: 0, same: 0 },
      findings: ['a finding'],
    },
  },
}

describe('an item of the job table', () => {
  it.each([FIRST_EXPORT, FIRST_RESTORE])('of an earlier version is read as it was stored ($kind)', (job) => {
    expect(jobOf({ ...jobKey(job.job_id), ...jobAttributes(job) })).toEqual(job)
  })

  it('keeps members that this version does not know, at every level', () => {
    const missing_blobs = { count: 1, ids: ['x'], referred_by: [{ id: 'x', resources: [], later: true }] }
    const stored = { ...FIRST_EXPORT, later: 'x', result: { ...FIRST_EXPORT.result, missing_blobs, later: [1] } }
    expect(jobOf(jobAttributes(stored))).toEqual(stored)
  })

  it('is rejected with the names of its wrong members', () => {
    const wrong = { ...jobAttributes(FIRST_RESTORE), request: { S: '{"filters":{},"on_duplicate":"skip"}' } }
    expect(() => jobOf({ ...jobKey('second'), ...wrong })).toThrow(
      /^item job#second of the job table does not contain a valid job:\n[^]*request\.dry_run/,
    )
    expect(() => jobOf({})).toThrow(/^item {2}of the job table does not contain a valid job/)
  })
})
