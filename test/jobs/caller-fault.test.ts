import { describe, expect, it } from 'vitest'
import { isCallerFault } from '../../shared/jobs/caller-fault.ts'
import type { JobEndedEvent } from '../../shared/jobs/job-events.ts'

const ENDED: JobEndedEvent = {
  deployment: 'test',
  job_id: 'j',
  kind: 'restore',
  status: 'succeeded',
  source: 'api',
  requested_by: 'local',
  created_at: '2026-01-01T00:00:00.000Z',
}
const failed = (type: string, members: Partial<JobEndedEvent> = {}): JobEndedEvent => ({
  ...ENDED,
  status: 'failed',
  error: { type, title: 't' },
  ...members,
})
const isFault = (event: JobEndedEvent): boolean => isCallerFault(event, 'archives')

describe('a failed job', () => {
  it('is the fault of its caller if the request or the archive that was sent is wrong', () => {
    for (const type of ['invalid-request', 'duplicates', 'restore-running', 'unknown-models', 'not-an-archive'])
      expect(isFault(failed(type, { archive: { bucket: 'work', key: 'k' } })), type).toBe(true)
  })

  it('is not the fault of its caller if an archive of the deployment is damaged', () => {
    for (const type of ['archive-truncated', 'entry-corrupt', 'archive-invalid', 'source-changed']) {
      for (const kind of ['restore', 'check'] as const) {
        expect(isFault(failed(type, { kind, archive: { bucket: 'archives', key: 'k' } })), type).toBe(false)
        expect(isFault(failed(type, { kind, archive: { bucket: 'others', key: 'k' } })), type).toBe(true)
      }
      expect(isFault(failed(type, { kind: 'export' })), type).toBe(false)
    }
    expect(isFault(failed('archive-truncated'))).toBe(true)
  })

  it('is not the fault of its caller if the deployment, its data or another writer caused the error', () => {
    for (const type of ['internal-error', 'verification-failed', 'blobs-missing', 'torn-resources', 'conflict', 'new'])
      expect(isFault(failed(type)), type).toBe(false)
  })

  it('is not the fault of a caller if a schedule started it, or if it has no error', () => {
    expect(isFault(failed('invalid-request', { kind: 'export', source: 'schedule' }))).toBe(false)
    expect(isFault(ENDED)).toBe(false)
  })
})
