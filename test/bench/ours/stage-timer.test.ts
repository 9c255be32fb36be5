import { describe, expect, it } from 'vitest'
import { localContext } from '../../../infra/local/program/local-context.ts'
import { StageTimer } from './stage-timer.ts'

const CONTEXT = localContext('verify', 'request', 1_000)

describe('the time of a stage', () => {
  it('is from the beginning of its first call to the end of its last call', async () => {
    const clock = { now: 0 }
    const timer = new StageTimer(() => clock.now)
    const gates = [Promise.withResolvers<null>(), Promise.withResolvers<null>()]
    const handler = timer.time('verify', (input) => gates[Number(input)]?.promise ?? Promise.resolve(null))
    clock.now = 1_000
    const first = handler(0, CONTEXT)
    clock.now = 2_000
    const second = handler(1, CONTEXT)
    clock.now = 4_000
    gates[1]?.resolve(null)
    await second
    clock.now = 7_000
    gates[0]?.resolve(null)
    await first
    expect(await timer.take()).toEqual({ verify: 6 })
  })

  it('includes calls that fail', async () => {
    const clock = { now: 0 }
    const timer = new StageTimer(() => clock.now)
    const handler = timer.time('verify', () => {
      clock.now = 500
      return Promise.reject(new Error('failed'))
    })
    await expect(handler(null, CONTEXT)).rejects.toThrow('failed')
    expect(await timer.take()).toEqual({ verify: 0.5 })
  })

  it('is returned when its calls have ended, because a job ends before its last stage returns', async () => {
    const clock = { now: 1_000 }
    const timer = new StageTimer(() => clock.now)
    const gate = Promise.withResolvers<null>()
    const running = timer.time('announce', () => gate.promise)(null, CONTEXT)
    const taken = timer.take()
    clock.now = 3_000
    gate.resolve(null)
    await running
    expect(await taken).toEqual({ announce: 2 })
  })

  it('is returned once', async () => {
    const timer = new StageTimer()
    await timer.time('verify', () => Promise.resolve(null))(null, CONTEXT)
    expect(Object.keys(await timer.take())).toEqual(['verify'])
    expect(await timer.take()).toEqual({})
  })
})
