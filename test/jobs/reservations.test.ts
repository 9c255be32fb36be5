import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createWithinLimit } from '../../shared/jobs/admission.ts'
import { makeServices } from '../../shared/runtime/make-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { type FaultPlan, injectFaults } from '../faults/fault-middleware.ts'
import { ScriptedEngine } from '../functions/test-api.ts'
import { useServices, type TestServers } from '../services.ts'

const MINUTE_MS = 60_000

let servers: TestServers
let services: Services
// The time is in the future, because DynamoDB Local deletes reservations that have expired.
let now = Date.parse('2126-03-05T10:00:00Z')
const servicesOn = (plan?: FaultPlan): Promise<Services> => {
  const dynamoDb = servers.newDynamo()
  if (plan !== undefined) injectFaults(dynamoDb, plan)
  const { config, s3 } = servers
  return makeServices({ config, dynamoDb, s3, workflows: new ScriptedEngine(), clock: () => new Date(now) })
}
const reservationCount = (): Promise<number> => services.jobs.reservations.count('running jobs')

beforeAll(async () => {
  servers = await useServices()
  services = await servicesOn()
})
// The reservations of earlier tests have expired.
beforeEach(() => {
  now += 10 * MINUTE_MS
})
afterAll(() => servers.stop())

describe('reservations for new jobs', () => {
  it('count from their creation until their release', async () => {
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

  it('count for a minute if their process dies', async () => {
    await services.jobs.reservations.reserve('running jobs')
    now += MINUTE_MS
    expect(await reservationCount()).toBe(1)
    now += 1
    expect(await reservationCount()).toBe(0)
  })
})

describe('creating a job within the limit', () => {
  const nothing = (): Promise<undefined> => Promise.resolve(undefined)

  it('succeeds even if the reservation cannot be released', async () => {
    const faulty = await servicesOn((_n, command) =>
      command === 'DeleteItemCommand' ? { kind: 'fail-before' } : undefined,
    )
    expect(
      await createWithinLimit(faulty, {
        kinds: ['running jobs'],
        find: nothing,
        create: () => Promise.resolve('created'),
      }),
    ).toBe('created')
    expect(await reservationCount()).toBe(1)
  })

  it('releases the reservation if the creation fails, and if the jobs cannot be counted', async () => {
    const make = (): Promise<string> => Promise.reject(new Error('not created'))
    await expect(createWithinLimit(services, { kinds: ['running jobs'], find: nothing, create: make })).rejects.toThrow(
      'not created',
    )
    expect(await reservationCount()).toBe(0)
    let queries = 0
    // The first query counts running jobs, the second one counts reservations.
    const faulty = await servicesOn((_n, command) =>
      command === 'QueryCommand' && ++queries === 2 ? { kind: 'fail-before' } : undefined,
    )
    await expect(createWithinLimit(faulty, { kinds: ['running jobs'], find: nothing, create: make })).rejects.toThrow(
      'injected',
    )
    expect(await reservationCount()).toBe(0)
  })
})
