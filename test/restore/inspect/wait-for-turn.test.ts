import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JobCancelledError } from '../../../shared/jobs/errors.ts'
import type { RestoreJob } from '../../../shared/jobs/job.ts'
import { RestoreRunningError } from '../../../shared/jobs/lease-errors.ts'
import { MAX_WAIT_MS, takeTurn } from '../../../shared/restore/inspect/wait-for-turn.ts'
import { type TestApi, startTestApi } from '../../functions/test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())

let jobs = 0
const createJob = async (members: Partial<RestoreJob> = {}): Promise<RestoreJob> => {
  const job: RestoreJob = {
    job_id: `job-${++jobs}`,
    kind: 'restore',
    status: 'queued',
    source: 'upload',
    requested_by: 's3://restores/x.acbak',
    created_at: new Date(Date.now() + jobs).toISOString(),
    request: { filters: {}, on_duplicate: 'overwrite', dry_run: false },
    ...members,
  }
  await api.services.jobs.create(job)
  return job
}
const statusOf = async ({ job_id }: RestoreJob) => (await api.services.jobs.get(job_id))?.status
const end = async (...ended: RestoreJob[]): Promise<void> => {
  for (const { job_id } of ended)
    await api.services.jobs.change(job_id, { status: 'failed' }, { from: ['queued', 'running'] })
}

describe('the turn of a restore', () => {
  it('begins when the leases are free, and the job is then running', async () => {
    const job = await createJob()
    expect(await takeTurn(api.services, job, ['city'], false)).toBeUndefined()
    expect(await statusOf(job)).toBe('running')
    expect(await takeTurn(api.services, job, ['city'], true)).toBeUndefined()
    await api.services.leases.held(['city'], job.job_id).free()
    await end(job)
  })

  it('is checked for up to 12 hours, in growing intervals', async () => {
    const lease = await api.services.leases.take('city', 'another')
    const job = await createJob()
    const at = async (ms: number): Promise<number | undefined> => {
      const clock = (): Date => new Date(Date.parse(job.created_at) + ms)
      return takeTurn({ ...api.services, clock }, job, ['city'], false)
    }
    expect(await at(0)).toBe(10)
    expect(await statusOf(job)).toBe('queued')
    expect(await at(200_000)).toBe(20)
    expect(await at(3_600_000)).toBe(300)
    await expect(at(MAX_WAIT_MS)).rejects.toThrow(RestoreRunningError)
    await lease.free()
    await end(job)
  })

  it('does not come while a job whose lease has expired is running, and comes after its execution or job has ended', async () => {
    const holders = [await createJob({ status: 'running' }), await createJob({ status: 'running' })]
    for (const [k, endHolder] of [
      (holder: RestoreJob) => end(holder),
      (holder: RestoreJob) => api.engine.stop('restore', holder.job_id),
    ].entries()) {
      const holder = holders[k] ?? expect.fail()
      await api.engine.start('restore', holder.job_id)
      await api.services.leases.take('city', holder.job_id)
      api.clock.ahead += 3_600_000
      const job = await createJob({ created_at: new Date(Date.now() + api.clock.ahead).toISOString(), source: 'api' })
      await expect(takeTurn(api.services, job, ['city'], false)).rejects.toThrow('but its workflow is running')
      await endHolder(holder)
      expect(await takeTurn(api.services, job, ['city'], false)).toBeUndefined()
      await api.services.leases.held(['city'], job.job_id).free()
      await end(job)
    }
    await end(...holders)
    api.clock.ahead = 0
  })

  it('comes after the turn of each earlier upload that has a model in common or whose models are not known yet', async () => {
    const [earlier, own, later] = [await createJob({ leased: ['city'] }), await createJob(), await createJob()]
    await createJob({ source: 'api', leased: ['country'] })
    expect(await takeTurn(api.services, own, ['city', 'country'], false)).toBe(10)
    expect(await takeTurn(api.services, own, ['country'], false)).toBeUndefined()
    await api.services.leases.held(['country'], own.job_id).free()
    expect(await takeTurn(api.services, later, ['memo'], false)).toBeUndefined()
    await api.services.leases.held(['memo'], later.job_id).free()
    await end(earlier, own, later)
    const unknown = await createJob()
    const after = await createJob({ created_at: unknown.created_at })
    expect(await takeTurn(api.services, after, ['memo'], false)).toBe(10)
    await end(unknown)
    expect(await takeTurn(api.services, after, ['memo'], false)).toBeUndefined()
    await end(after)
    await api.services.leases.held(['memo'], after.job_id).free()
  })

  it('does not wait for an earlier upload whose execution was not started within an hour', async () => {
    const [running, unstarted, job] = [await createJob(), await createJob(), await createJob()]
    await api.engine.start('restore', running.job_id)
    const clock = (): Date => new Date(Date.parse(unstarted.created_at) + 3_600_000)
    expect(await takeTurn({ ...api.services, clock }, job, ['city'], false)).toBe(300)
    await end(running)
    expect(await takeTurn(api.services, job, ['city'], false)).toBe(10)
    expect(await takeTurn({ ...api.services, clock }, job, ['city'], false)).toBeUndefined()
    await end(unstarted, job)
    await api.services.leases.held(['city'], job.job_id).free()
  })

  it('never comes for the job of a request, which fails at once, or for a cancelled job', async () => {
    const lease = await api.services.leases.take('city', 'another')
    const request = await createJob({ source: 'api' })
    await expect(takeTurn(api.services, request, ['city'], false)).rejects.toThrow(RestoreRunningError)
    const cancelled = await createJob({ status: 'cancelled' })
    await expect(takeTurn(api.services, cancelled, ['city'], false)).rejects.toThrow(JobCancelledError)
    await lease.free()
    await end(request)
  })
})
