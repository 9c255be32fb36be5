import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Doors, openDoors } from './doors.ts'

/** As many jobs run as may; so many ask beyond that, all at one moment. */
const BOUND = 100
const BEYOND = 60

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
    const started = asked.filter(({ status }) => status === 202)
    expect(started.length + refused.length).toBe(BOUND + BEYOND)
    expect(started.length).toBeLessThanOrEqual(BOUND)
    for (const response of refused) {
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ type: 'too-many-jobs', status: 429 })
    }
    expect(new Set(doors.engine.started).size).toBe(started.length)

    for (const id of doors.engine.started.slice(0, 10))
      await doors.services.jobs.change(id, { status: 'failed' }, { from: ['queued'] })
    expect((await ask('afterwards')).status).toBe(202)
  })
})
