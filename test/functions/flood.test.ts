import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Doors, openDoors } from './doors.ts'

/** As many jobs run as may; so many ask beyond that, all at one moment. */
const BOUND = 100
const BEYOND = 30

let doors: Doors
beforeAll(async () => {
  doors = await openDoors()
})
afterAll(() => doors.stop())

const ask = (key: string): Promise<Response> =>
  fetch(`${doors.gateway.url}/country/export`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: '{"wait":0}',
  })

describe('a flood of requests to start jobs', () => {
  it('starts no more than may run at once, tells each of the rest so, and starts others when some have ended', async () => {
    const asked = await Promise.all(Array.from({ length: BOUND + BEYOND }, (_, k) => ask(`flood ${k}`)))
    const refused = asked.filter(({ status }) => status === 429)
    const firstKey = `flood ${asked.findIndex(({ status }) => status === 202)}`
    const started = asked.filter(({ status }) => status === 202)
    expect(started.length + refused.length).toBe(BOUND + BEYOND)
    expect(started.length).toBeLessThanOrEqual(BOUND)
    expect(started.length).toBeGreaterThan(BOUND - 20)
    for (const response of refused) {
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ type: 'too-many-jobs', status: 429 })
    }
    expect(new Set(doors.engine.started).size).toBe(started.length)

    // Whoever asks for a job that stands is no part of the flood.
    const standing = await Promise.all(Array.from({ length: 3 }, () => ask(firstKey)))
    expect(standing.map(({ status }) => status)).toEqual([202, 202, 202])

    for (const id of doors.engine.started.slice(0, 10))
      await doors.services.jobs.change(id, { status: 'failed' }, { from: ['queued'] })
    expect((await ask('afterwards')).status).toBe(202)
  })

  it('opens slots though as many jobs run as may, but no more slots than may be open at once', async () => {
    const openSlot = (key: string): Promise<Response> =>
      fetch(`${doors.gateway.url}/country/import`, { method: 'POST', headers: { 'idempotency-key': key } })
    const asked = await Promise.all(Array.from({ length: BOUND + BEYOND }, (_, k) => openSlot(`slot ${k}`)))
    const opened = asked.filter(({ status }) => status === 202).length
    const refused = asked.filter(({ status }) => status === 429)
    expect(opened + refused.length).toBe(BOUND + BEYOND)
    expect(opened).toBeLessThanOrEqual(BOUND)
    expect(opened).toBeGreaterThan(BOUND - 20)
    for (const response of refused)
      expect(await response.json()).toMatchObject({ type: 'too-many-jobs', open_slots: expect.any(Number) as number })

    // The day after they have expired, and are in nobody's way.
    doors.clock.ahead += 25 * 3600_000
    expect(await doors.services.jobs.openSlots()).toEqual([])
    expect((await openSlot('the day after')).status).toBe(202)
  })

  it('takes a repeat for what it is where one place is left: one job, and no refusal', async () => {
    const running = await doors.services.jobs.runningJobs()
    const [one] = running
    if (one === undefined) throw new Error('nothing runs')
    for (let n = running.length; n < BOUND - 1; n++)
      await doors.services.jobs.create({ ...one, job_id: `filling ${n}` })
    const repeats = await Promise.all(Array.from({ length: 3 }, () => ask('the same')))
    expect(repeats.map(({ status }) => status)).toEqual([202, 202, 202])
    expect(await doors.services.jobs.runningJobs()).toHaveLength(BOUND)
  })
})
