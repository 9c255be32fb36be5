import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LeaseLostError, RestoreRunningError } from '../../shared/jobs/lease-errors.ts'
import { Leases } from '../../shared/jobs/aws/leases.ts'
import { type FaultPlan, injectFaults } from '../faults/fault-middleware.ts'
import { useServices, type TestServers } from '../services.ts'

const MINUTE = 60_000

describe('a lease on a model', () => {
  let servers: TestServers
  let leases: Leases
  let now: number
  let models = 0
  let model: string
  const leasesOn = (plan?: FaultPlan): Leases => {
    const client = servers.newDynamo()
    if (plan !== undefined) injectFaults(client, plan)
    return new Leases(client, servers.config.tables.jobs, () => new Date(now))
  }

  beforeAll(async () => {
    servers = await useServices()
    leases = leasesOn()
  })
  beforeEach(() => {
    now = Date.parse('2026-03-05T10:00:00Z')
    model = `model-${++models}`
  })
  afterAll(async () => {
    await servers.stop()
  })

  it('belongs to one job; the error for another job names that job and a time', async () => {
    await leases.take(model, 'a')
    const refused = leases.take(model, 'b')
    await expect(refused).rejects.toThrow(RestoreRunningError)
    await expect(refused).rejects.toMatchObject({ model, job_id: 'a', until: '2026-03-05T10:19:00.000Z' })
  })

  it('can be taken at once after it was released', async () => {
    const lease = await leases.take(model, 'a')
    await lease.free()
    await leases.take(model, 'b')
    await expect(lease.check()).rejects.toThrow(LeaseLostError)
  })

  it('drains until no write of its job can arrive', async () => {
    const lease = await leases.take(model, 'a')
    await lease.drain()
    await expect(lease.check()).rejects.toThrow(LeaseLostError)
    now += 19 * MINUTE - 1
    await expect(leases.take(model, 'b')).rejects.toThrow(
      new RestoreRunningError(
        model,
        'a',
        '2026-03-05T10:19:00.000Z',
        `has failed or was cancelled while it restored model ${model}, and its last writes may still arrive; ` +
          'retry after 2026-03-05T10:19:00.000Z',
      ),
    )
    now += 1
    await leases.take(model, 'b')
  })

  it('of a running restore cannot be taken, and the error states what the time means', async () => {
    await leases.take(model, 'a')
    await expect(leases.take(model, 'b')).rejects.toThrow(
      `job a is restoring model ${model}; retry when that job has ended. Only if it fails, is cancelled or stops, ` +
        'the model stays reserved, at present until 2026-03-05T10:19:00.000Z',
    )
  })

  it('can be taken by another job 16 minutes after its expiry', async () => {
    const lease = await leases.take(model, 'a')
    await lease.check()
    now += 19 * MINUTE
    await leases.take(model, 'b')
    await expect(lease.check()).rejects.toThrow(LeaseLostError)
  })

  describe('whose job is still restoring', () => {
    const restoring = () => Promise.resolve(true)

    it('stays with its job for hours after its expiry, and the error states that the workflow is running', async () => {
      const worker = await leases.take(model, 'a')
      await worker.check()
      now += 120 * MINUTE
      const rejected = leases.take(model, 'b', restoring)
      await expect(rejected).rejects.toThrow(RestoreRunningError)
      await expect(rejected).rejects.toThrow(
        `job a is restoring model ${model}; its workers have not renewed their lease since 2026-03-05T10:00:00.000Z`,
      )
      await expect(rejected).rejects.toMatchObject({ job_id: 'a', until: '2026-03-05T12:00:00.000Z' })
      const epoch = worker.epoch(model)
      await worker.check()
      expect(worker.epoch(model)).toBe(epoch)
      await expect(leases.take(model, 'b')).rejects.toMatchObject({ until: '2026-03-05T12:19:00.000Z' })
    })

    it('passes to another job when its own job has ended without releasing it', async () => {
      await leases.take(model, 'a')
      now += 19 * MINUTE
      const holders: string[] = []
      await leases.take(model, 'b', (holder) => {
        holders.push(holder)
        return Promise.resolve(false)
      })
      expect(holders).toEqual(['a'])
    })

    it('is not looked up while its lease is valid, or while it drains', async () => {
      const unexpected = () => Promise.reject(new Error('unexpected'))
      const lease = await leases.take(model, 'a')
      now += 19 * MINUTE - 1
      await expect(leases.take(model, 'b', unexpected)).rejects.toThrow(RestoreRunningError)
      await lease.drain()
      await expect(leases.take(model, 'b', unexpected)).rejects.toThrow(RestoreRunningError)
      now += 1
      await leases.take(model, 'b', unexpected)
    })

    it('keeps the lease if a worker renews it while another job looks up the state of the job', async () => {
      const worker = await leases.take(model, 'a')
      await worker.check()
      now += 19 * MINUTE
      await expect(
        leases.take(model, 'b', async () => {
          await worker.check()
          return false
        }),
      ).rejects.toThrow(RestoreRunningError)
      await worker.check()
    })

    it('passes the lease to only one of two other jobs', async () => {
      await leases.take(model, 'a')
      now += 19 * MINUTE
      await expect(
        leases.take(model, 'b', async (holder) => {
          if (holder === 'a') await leases.take(model, 'c')
          return false
        }),
      ).rejects.toMatchObject({ job_id: 'c' })
    })

    it('is taken at once if it is released while another job looks up the state of its job', async () => {
      const lease = await leases.take(model, 'a')
      now += 19 * MINUTE
      await leases.take(model, 'b', async () => {
        await lease.free()
        return false
      })
    })
  })

  it('cannot be used by a worker that could not renew it for two hours, until the worker renews it', async () => {
    await leases.take(model, 'a')
    let broken = false
    const worker = leasesOn(() => (broken ? { kind: 'fail-before' } : undefined)).held([model], 'a')
    await worker.check()
    const epoch = worker.epoch(model)
    broken = true
    // From 30 seconds before its expiry, no check succeeds, so the worker sends no write.
    for (now += 2.5 * MINUTE; now < Date.parse('2026-03-05T12:00:00Z'); now += 0.5 * MINUTE)
      await expect(worker.check()).rejects.toThrow('injected')
    broken = false
    await worker.check()
    expect(worker.epoch(model)).toBe(epoch)
  })

  it('can be taken again by its own job at once, with a new epoch, even while it drains', async () => {
    const first = await leases.take(model, 'a')
    await first.check()
    const second = await leases.take(model, 'a')
    await second.check()
    expect(second.epoch(model)).toBe((first.epoch(model) ?? 0) + 1)
    await second.drain()
    const third = await leases.take(model, 'a')
    await third.check()
    now += 1.5 * MINUTE
    await expect(first.check()).rejects.toThrow('a later attempt')
    await third.check()
  })

  it('is renewed by its workers while they write', async () => {
    await leases.take(model, 'a')
    const workers = [leases.held([model], 'a'), leases.held([model], 'a')]
    for (let k = 0; k < 20; k++) {
      now += 0.7 * MINUTE
      for (const worker of workers) await worker.check()
    }
    await expect(leases.take(model, 'b')).rejects.toThrow(RestoreRunningError)
  })

  it('reads the table only if less than two minutes are left', async () => {
    await leases.take(model, 'a')
    let calls = 0
    const worker = leasesOn(() => {
      calls += 1
      return undefined
    }).held([model], 'a')
    await worker.check()
    for (let k = 0; k < 50; k++) await worker.check()
    expect(calls).toBe(1)
    now += 1.1 * MINUTE
    await Promise.all(Array.from({ length: 30 }, () => worker.check()))
    expect(calls).toBe(2)
  })

  it('stops its worker 30 seconds before the expiry if it cannot be renewed', async () => {
    await leases.take(model, 'a')
    let broken = false
    const worker = leasesOn(() => (broken ? { kind: 'fail-before' } : undefined)).held([model], 'a')
    await worker.check()
    broken = true
    now += 2.4 * MINUTE
    await worker.check()
    now += 0.2 * MINUTE
    await expect(worker.check()).rejects.toThrow('injected')
    broken = false
    await worker.check()
  })

  it('is taken for all models or for none', async () => {
    const other = `${model}-other`
    await leases.take(other, 'b')
    await expect(leases.takeAll([model, other], 'a', () => Promise.resolve(false))).rejects.toThrow(RestoreRunningError)
    await leases.take(model, 'c')
  })
})
