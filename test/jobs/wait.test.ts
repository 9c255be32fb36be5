import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { useServices, type TestServers } from '../services.ts'

const NOW = new Date('2026-03-05T10:00:00.000Z')
const clock = () => NOW

const job = (more: Partial<RestoreJob>): RestoreJob => ({
  job_id: 'job',
  kind: 'restore',
  status: 'queued',
  source: 'api',
  requested_by: 'alice',
  created_at: '2026-03-04T09:00:00.000Z',
  request: { filters: {}, on_duplicate: 'skip', dry_run: false },
  ...more,
})

describe('waiting for the end of a job', () => {
  let servers: TestServers
  let jobs: JobStore

  beforeAll(async () => {
    servers = await useServices()
    jobs = new JobStore(servers.dynamo, servers.config.tables.jobs, clock)
  })
  afterAll(async () => {
    await servers.stop()
  })

  it('returns the job as it was read last if further reads are throttled', async () => {
    const throttled = new ThrottledError({ service: 'DynamoDB', operation: 'GetItem' }, 5_000, new Error('slow down'))
    let reads = 0
    const get = () => (reads++ === 0 ? Promise.resolve(job({ job_id: 'known' })) : Promise.reject(throttled))
    const some = Object.assign(Object.create(jobs) as JobStore, { get })
    expect(await waitForEnd({ jobs: some, clock }, 'known', 0.1)).toMatchObject({ job_id: 'known' })
    expect(reads).toBeGreaterThan(1)
    const none = Object.assign(Object.create(jobs) as JobStore, { get: () => Promise.reject(throttled) })
    await expect(waitForEnd({ jobs: none, clock }, 'unknown', 1)).rejects.toBe(throttled)
  })

  it('returns a job that has ended without a pause', async () => {
    await jobs.create(job({ job_id: 'ended', status: 'failed' }))
    const start = performance.now()
    expect(await waitForEnd({ jobs, clock }, 'ended', 30)).toMatchObject({ status: 'failed' })
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  it('does not wait for an upload slot that has expired', async () => {
    const expired = { status: 'awaiting_upload', slot_expires_at: '2026-03-05T09:00:00.000Z' } as const
    await jobs.create(job({ job_id: 'expired', ...expired }))
    const start = performance.now()
    expect(await waitForEnd({ jobs, clock }, 'expired', 30)).toMatchObject(expired)
    expect(performance.now() - start).toBeLessThan(10_000)
  }, 60_000)

  it('returns a job that is still running when the time is up', async () => {
    await jobs.create(job({ job_id: 'running', status: 'running' }))
    expect(await waitForEnd({ jobs, clock }, 'running', 0.1)).toMatchObject({ status: 'running' })
  })

  it('rejects an unknown job', async () => {
    await expect(waitForEnd({ jobs, clock }, 'nobody', 1)).rejects.toBeInstanceOf(UnknownJobError)
  })
})
