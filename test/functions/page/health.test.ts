import { describe, expect, it } from 'vitest'
import type { Health, Job } from '../../../functions/page/source/api/schemas.ts'
import { healthSummary, lastFailure } from '../../../functions/page/source/model/health.ts'
import { job } from './job.ts'

describe('the health of a deployment', () => {
  const checks = {
    jobs: { failed: [] },
    schedules: { overdue: [], unknown: [], suspicious: [] },
    throttling: { jobs: [] },
  }

  it('has no findings if everything is in order', () => {
    expect(healthSummary({ status: 'ok', checks }, [])).toEqual({ status: 'ok', findings: ['nothing needs attention'] })
  })

  it('names failures, late schedules, suspicious archives and throttled jobs', () => {
    const failed = [{ job_id: 'a' }, { job_id: 'b' }]
    const schedules = { overdue: ['nightly'], unknown: ['hourly'], suspicious: ['nightly', 'weekly'] }
    const degraded = { jobs: { failed }, schedules, throttling: { jobs: [{ job_id: 'c' }] } }
    expect(healthSummary({ status: 'degraded', checks: degraded }, []).findings).toEqual([
      '2 jobs failed in the last 24 hours',
      'late: nightly',
      'unknown whether late: hourly',
      'suspicious archive: nightly, weekly',
      'AWS throttles 1 job',
    ])
  })

  it('is not in order if an opened archive shows that it is not', () => {
    const opened = [{ name: 'a', overdue: true }, { name: 'b' }, { name: 'c', overdue: false }]
    expect(healthSummary({ status: 'ok', checks }, opened)).toEqual({
      status: 'degraded',
      findings: ['late: a', 'unknown whether late: b'],
    })
    const late = { ...checks, schedules: { overdue: ['a'], unknown: [], suspicious: [] } }
    expect(healthSummary({ status: 'degraded', checks: late }, opened.slice(0, 1)).findings).toEqual(['late: a'])
    const unknown = { ...checks, schedules: { overdue: [], unknown: ['a', 'b'], suspicious: [] } }
    expect(healthSummary({ status: 'degraded', checks: unknown }, opened).findings).toEqual([
      'late: a',
      'unknown whether late: b',
    ])
  })

  it('does not say that nothing needs attention while the schedules are unknown', () => {
    expect(healthSummary({ status: 'ok', checks }, undefined)).toEqual({
      status: 'ok',
      findings: ['unknown whether the archives of schedules can be opened'],
    })
  })

  it('is degraded for a reason that is named, or not known', () => {
    const many = { ...checks, jobs: { failed: [], all_examined: false } }
    expect(healthSummary({ status: 'degraded', checks: many }, []).findings).toEqual([
      'more jobs failed in the last 24 hours than were examined',
    ])
    expect(healthSummary({ status: 'degraded', checks }, []).findings).toEqual(['for a reason that is not shown here'])
  })
})

describe('the last failure', () => {
  const healthWith = (...failed: readonly { job_id: string; [name: string]: string }[]): Health => ({
    status: 'degraded',
    checks: {
      jobs: { failed: [...failed] },
      schedules: { overdue: [], unknown: [], suspicious: [] },
      throttling: { jobs: [] },
    },
  })
  const error = { type: 'conflict', title: 'Conflict', status: 409, detail: '' }
  const failed = (job_id: string, ended_at: string): Job => job({ job_id, status: 'failed', ended_at, error })

  it('is that of a long job, even if many jobs were created after it', () => {
    const long = { job_id: 'long', kind: 'export', ended_at: '2026-01-03', type: 'internal' }
    expect(lastFailure([job({ status: 'succeeded' })], healthWith(long))).toMatchObject({
      job_id: 'long',
      at: '2026-01-03',
      text: 'export: internal',
    })
    expect(lastFailure([failed('new', '2026-01-04')], healthWith(long))?.job_id).toBe('new')
    expect(lastFailure([failed('new', '2026-01-02')], healthWith(long))?.job_id).toBe('long')
  })

  it('is described by the listed job if there is one', () => {
    const same = { job_id: 'a', kind: 'export', ended_at: '2026-01-03', type: 'conflict' }
    expect(lastFailure([failed('a', '2026-01-03')], healthWith(same))?.text).toBe('Export: Conflict')
  })

  it('is unknown if no job failed', () => {
    expect(lastFailure([job({})], undefined)).toBeUndefined()
    expect(lastFailure([], healthWith())).toBeUndefined()
  })
})
