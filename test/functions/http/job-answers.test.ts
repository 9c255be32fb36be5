import { describe, expect, it } from 'vitest'
import { jobAnswer } from '../../../functions/http/job-answers.ts'
import type { Job } from '../../../shared/jobs/job.ts'
import type { JobViewServices } from '../../../functions/http/job-view.ts'

describe('jobAnswer', () => {
  it('names the job instead of a request if a failed job has no stored error', async () => {
    const job = { job_id: 'j1', kind: 'export', status: 'failed' } as Job
    const services = { clock: () => new Date(0) } as JobViewServices
    expect(await jobAnswer(services, job)).toMatchObject({
      status: 500,
      body: {
        detail: 'job j1 failed, but its error was not stored; search the logs for this job id',
        instance: '/_backup/jobs/j1',
      },
    })
  })

  it('signs the URL of the list of resources that cannot be restored', async () => {
    const list = { bucket: 'archives', key: 'reports/j1.unrestorable.jsonl' }
    const error = { type: 'x', title: 'x', status: 409, detail: 'x', unrestorable_resources: { count: 1, list } }
    const job = { job_id: 'j1', kind: 'export', status: 'failed', error } as unknown as Job
    const download = ({ key }: { key: string }) => Promise.resolve({ url: `https://${key}`, expires_at: new Date(0) })
    const services = { clock: () => new Date(0), urls: { download } } as unknown as JobViewServices
    const signed = { ...list, url: `https://${list.key}`, expires_at: '1970-01-01T00:00:00.000Z' }
    expect(await jobAnswer(services, job)).toMatchObject({
      status: 409,
      body: { unrestorable_resources: { count: 1, list: signed } },
    })
  })

  it.each(['export', 'restore'])('signs the URL of the list of resources that %s jobs leave out', async (kind) => {
    const list = { bucket: 'archives', key: 'reports/j1.unrestorable.jsonl' }
    const result = {
      archive: {},
      missing_blobs: { count: 0 },
      models: {},
      verification: { passed: true, checks: {} },
      left_out: { count: 1, list },
    }
    const job = { job_id: 'j1', kind, status: 'partial', request: {}, result } as unknown as Job
    const download = ({ key }: { key: string }) => Promise.resolve({ url: `https://${key}`, expires_at: new Date(0) })
    const services = { clock: () => new Date(0), urls: { download } } as unknown as JobViewServices
    const signed = { ...list, url: `https://${list.key}`, expires_at: '1970-01-01T00:00:00.000Z' }
    expect(await jobAnswer(services, job)).toMatchObject({
      status: 200,
      body: { left_out: { count: 1, list: signed } },
    })
  })
})
