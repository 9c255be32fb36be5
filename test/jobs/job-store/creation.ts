import { expect, it } from 'vitest'
import { IdempotencyMismatchError } from '../../../shared/jobs/errors.ts'
import { injectFaults } from '../../faults/fault-middleware.ts'
import type { ContractStore } from './contract-store.ts'

/** The creation of jobs, with and without a key, and changes of their status. */
export const creationContract = (store: ContractStore): void => {
  it('returns a job as it was created', async () => {
    const one = store.job()
    expect(await store.jobs.create(one)).toEqual({ job: one, created: true })
    expect(await store.jobs.get(one.job_id)).toEqual({ ...one, planned: {} })
    expect(await store.jobs.get('nobody')).toBeUndefined()
  })

  it('creates a job once', async () => {
    const one = store.job()
    await store.jobs.create(one)
    const again = await store.jobs.create({ ...one, requested_by: 'bob' })
    expect([again.created, again.job.requested_by]).toEqual([false, 'alice'])
  })

  it('returns the first job to a repeated request with the same key, and rejects the key with other parameters', async () => {
    const once = { key: 'k1', fingerprint: 'f', expires: store.now.getTime() / 1000 + 60 }
    const first = await store.jobs.create(store.job(), once)
    const again = await store.jobs.create(store.job(), once)
    expect([again.created, again.job.job_id]).toEqual([false, first.job.job_id])
    await expect(store.jobs.create(store.job(), { ...once, fingerprint: 'other' })).rejects.toThrow(
      IdempotencyMismatchError,
    )
  })

  it('ignores an expired key', async () => {
    const once = { key: 'k2', fingerprint: 'f', expires: store.now.getTime() / 1000 + 60 }
    const first = await store.jobs.create(store.job(), once)
    store.now = new Date(store.now.getTime() + 61_000)
    const second = await store.jobs.create(store.job(), { ...once, fingerprint: 'other', expires: once.expires + 600 })
    expect([second.created, second.job.job_id === first.job.job_id]).toEqual([true, false])
  })

  it('returns the owner of a key until the key expires, and rejects the key with other parameters', async () => {
    const once = { key: 'k-owner', fingerprint: 'f', expires: store.now.getTime() / 1000 + 60 }
    expect(await store.jobs.idempotencyKeys.ownerOf(once)).toBeUndefined()
    const { job_id } = (await store.jobs.create(store.job(), once)).job
    expect(await store.jobs.idempotencyKeys.ownerOf(once)).toBe(job_id)
    await expect(store.jobs.idempotencyKeys.ownerOf({ ...once, fingerprint: 'other' })).rejects.toThrow(
      IdempotencyMismatchError,
    )
    store.now = new Date(store.now.getTime() + 61_000)
    expect(await store.jobs.idempotencyKeys.ownerOf({ ...once, fingerprint: 'other' })).toBeUndefined()
  })

  it('keeps the time of the first call with a key', async () => {
    expect(await store.jobs.seenAt('seen')).toBeUndefined()
    const first = store.now
    expect(await store.jobs.firstSeen('seen')).toEqual(first)
    store.now = new Date(store.now.getTime() + 1_000)
    expect(await store.jobs.firstSeen('seen')).toEqual(first)
    expect(await store.jobs.seenAt('seen')).toEqual(first)
  })

  it('replaces the job of a key once if several requests name the same job', async () => {
    const once = { key: 'k3', fingerprint: 'f', expires: store.now.getTime() / 1000 + 60 }
    const first = await store.jobs.create(store.job(), once)
    const replacing = { ...once, replaces: first.job.job_id }
    const created = await Promise.all(Array.from({ length: 3 }, () => store.jobs.create(store.job(), replacing)))
    const ids = created.map(({ job: { job_id } }) => job_id)
    expect([new Set(ids).size, ids.includes(first.job.job_id)]).toEqual([1, false])
    expect(created.filter((each) => each.created)).toHaveLength(1)
    const late = await store.jobs.create(store.job(), replacing)
    expect([late.created, late.job.job_id]).toEqual([false, ids[0]])
    await expect(store.jobs.create(store.job(), { ...replacing, fingerprint: 'other' })).rejects.toThrow(
      IdempotencyMismatchError,
    )
  })

  it('creates a job that replaces the job of a key if the key does not exist', async () => {
    const once = { key: 'k4', fingerprint: 'f', expires: store.now.getTime() / 1000 + 60, replaces: 'deleted' }
    expect((await store.jobs.create(store.job(), once)).created).toBe(true)
  })

  it('completes the creation of a job when a request is repeated after a crash at any call', async () => {
    for (let dies = 1; dies <= 5; dies++) {
      const client = store.servers.newDynamo()
      injectFaults(client, (n) => (n === dies ? { kind: 'fail-after' } : undefined))
      const once = { key: `dying-${dies}`, fingerprint: 'f', expires: store.now.getTime() / 1000 + 60 }
      const one = store.job()
      const dying = store.open(client)
      await expect(dying.create(one, once)).rejects.toThrow('injected')
      store.now = new Date(store.now.getTime() + 1)
      const { job: kept } = await store.jobs.create(store.job(), once)
      expect(kept.job_id).toBe(one.job_id)
      const listed = await store.jobs.list({ limit: 200 })
      expect(listed.jobs.filter(({ job_id }) => job_id === one.job_id)).toHaveLength(1)
      expect((await store.jobs.runningJobs()).some(({ job_id }) => job_id === one.job_id)).toBe(true)
    }
  })

  it('changes a job only if it has one of the given statuses', async () => {
    const one = store.job()
    await store.jobs.create(one)
    const running = await store.jobs.change(one.job_id, { status: 'running', started_at: 'now' }, { from: ['queued'] })
    expect(running).toMatchObject({ status: 'running', started_at: 'now', request: one.request })
    expect(await store.jobs.change(one.job_id, { status: 'running' }, { from: ['queued'] })).toBeUndefined()
    expect(await store.jobs.change('nobody', { status: 'running' }, { from: ['queued'] })).toBeUndefined()
    await store.jobs.plan(one.job_id, 'export-records', 12, { resources: 40 })
    expect(await store.jobs.get(one.job_id)).toMatchObject({ expected: { resources: 40 } })
    await store.jobs.plan(one.job_id, 'export-blobs', 3)
    expect(await store.jobs.get(one.job_id)).toMatchObject({
      phase: 'export-blobs',
      planned: { 'export-records': 12, 'export-blobs': 3 },
      expected: {},
    })
  })
}
