import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createWithinLimit } from '../../shared/jobs/admission.ts'
import { makeServices } from '../../shared/runtime/make-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { type FaultPlan, injectFaults } from '../faults/fault-middleware.ts'
import { ScriptedEngine } from '../functions/test-api.ts'
import { startServices, type TestServers } from '../services.ts'

const MINUTE_MS = 60_000

let servers: TestServers
let services: Services
let now = Date.parse('2026-03-05T10:00:00Z')
const servicesOn = (plan?: FaultPlan): Promise<Services> => {
  const dynamoDb = servers.newDynamo()
  if (plan !== undefined) injectFaults(dynamoDb, plan)
  const { config, s3 } = servers
  return makeServices({ config, dynamoDb, s3, workflows: new ScriptedEngine(), clock: () => new Date(now) })
}
const reservationCount = (): Promise<number> => services.jobs.reservations.count('running jobs')

beforeAll(async () => {
  servers = await startServices()
  services = await servicesOn()
})
// What a test leaves behind is out of sight of the next.
beforeEach(() => {
  now += 10 * MINUTE_MS
})
afterAll(() => servers.stop())

describe('those who start a job at this moment', () => {
  it('are counted from when they have entered until they have left', async () => {
    const { reservations } = services.jobs
    const [first, second] = await Promise.all([
      reservations.reserve('running jobs'),
      reservations.reserve('running jobs'),
    ])
    expect(await reservationCount()).toBe(2)
    await first.release()
    await first.release()
    expect(await reservationCount()).toBe(1)
    await second.release()
    expect(await reservationCount()).toBe(0)
  })

  it('count for a minute where their process died', async () => {
    await services.jobs.reservations.reserve('running jobs')
    now += MINUTE_MS
    expect(await reservationCount()).toBe(1)
    now += 1
    expect(await reservationCount()).toBe(0)
  })
})

describe('a job that is made within the bound', () => {
  const nobody = (): Promise<undefined> => Promise.resolve(undefined)

  it('is made though its place cannot be left', async () => {
    const faulty = await servicesOn((_n, command) =>
      command === 'DeleteItemCommand' ? { kind: 'fail-before' } : undefined,
    )
    expect(
      await createWithinLimit(faulty, { kind: 'running jobs', find: nobody, create: () => Promise.resolve('made') }),
    ).toBe('made')
    expect(await reservationCount()).toBe(1)
  })

  it('leaves its place where the making fails, and where nothing can be counted', async () => {
    const make = (): Promise<string> => Promise.reject(new Error('not made'))
    await expect(createWithinLimit(services, { kind: 'running jobs', find: nobody, create: make })).rejects.toThrow(
      'not made',
    )
    expect(await reservationCount()).toBe(0)
    let queries = 0
    // The look at what runs, then the count of those who start.
    const faulty = await servicesOn((_n, command) =>
      command === 'QueryCommand' && ++queries === 2 ? { kind: 'throttle' } : undefined,
    )
    await expect(createWithinLimit(faulty, { kind: 'running jobs', find: nobody, create: make })).rejects.toThrow(
      'injected',
    )
    expect(await reservationCount()).toBe(0)
  })
})
