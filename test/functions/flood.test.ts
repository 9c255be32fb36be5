import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fillSlot } from '../../shared/restore/start/upload-slot.ts'
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

/** Makes jobs that run, until so many do. */
const fillTo = async (count: number): Promise<string[]> => {
  const { jobs } = doors.services
  const running = await jobs.runningJobs()
  const [one] = running
  if (one === undefined) throw new Error('nothing runs')
  const filling = Array.from({ length: count - running.length }, () => randomUUID())
  for (const job_id of filling) await jobs.create({ ...one, job_id })
  expect(await jobs.runningJobs()).toHaveLength(count)
  return filling
}

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

  it('opens slots though as many jobs run as may, but no more than may wait or be restored at once', async () => {
    const { jobs } = doors.services
    const filling = await fillTo(BOUND)
    const openSlot = (key: string): Promise<Response> =>
      fetch(`${doors.gateway.url}/country/import`, { method: 'POST', headers: { 'idempotency-key': key } })
    const waiting = await (await openSlot('the first')).json()
    const one = await jobs.get(z.object({ job_id: z.string() }).parse(waiting).job_id)
    if (one === undefined) throw new Error('no slot was opened')
    for (let n = 1; n < BOUND - 10; n++) await jobs.create({ ...one, job_id: randomUUID() })
    const asked = await Promise.all(Array.from({ length: BEYOND }, (_, k) => openSlot(`slot ${k}`)))
    const opened = asked.filter(({ status }) => status === 202).length
    const refused = asked.filter(({ status }) => status === 429)
    expect(opened + refused.length).toBe(BEYOND)
    expect(opened).toBeLessThanOrEqual(10)
    for (const response of refused)
      expect(await response.json()).toMatchObject({ type: 'too-many-jobs', slots: expect.any(Number) as number })

    // What is put into a slot is restored, and takes its place until that has ended.
    const slots = await jobs.slots()
    for (let n = slots.length; n < BOUND; n++) expect((await openSlot(`one more ${n}`)).status).toBe(202)
    const [filled] = slots
    if (filled === undefined) throw new Error('no slot is open')
    await fillSlot(doors.services, filled.job_id, { bucket: 'b', key: 'k', etag: 'e' })
    expect((await openSlot('while it is restored')).status).toBe(429)
    await jobs.change(filled.job_id, { status: 'failed' }, { from: ['queued'] })
    expect((await openSlot('when it has ended')).status).toBe(202)

    // The day after they have expired, and are in nobody's way.
    doors.clock.ahead += 25 * 3600_000
    expect(await jobs.slots()).toEqual([])
    expect((await openSlot('the day after')).status).toBe(202)
    for (const id of filling) await jobs.change(id, { status: 'failed' }, { from: ['queued'] })
  })

  it('takes a repeat for what it is where one place is left: one job, and no refusal', async () => {
    await fillTo(BOUND - 1)
    const repeats = await Promise.all(Array.from({ length: 3 }, () => ask('the same')))
    expect(repeats.map(({ status }) => status)).toEqual([202, 202, 202])
    expect(await doors.services.jobs.runningJobs()).toHaveLength(BOUND)
  })
})
