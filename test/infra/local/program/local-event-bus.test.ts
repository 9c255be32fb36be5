import { describe, expect, it, vi } from 'vitest'
import { type DeployedNames, EVENTS } from '../../../../functions/events.ts'
import type { LocalEvent } from '../../../../infra/local/program/event-pattern.ts'
import { executionEnded, stateMachineArn } from '../../../../infra/local/program/execution-events.ts'
import { LocalEventBus } from '../../../../infra/local/program/local-event-bus.ts'
import { type LocalTrigger, loadTriggers } from '../../../../infra/local/program/triggers.ts'

const NAMES: DeployedNames = { restoreBucket: 'uploads', stateMachineArns: [stateMachineArn('restore')] }
const created = (key: string, bucket = 'uploads'): LocalEvent => ({
  source: 'aws.s3',
  'detail-type': 'Object Created',
  detail: { bucket: { name: bucket }, object: { key } },
})

/** The rows of the table of events, with other functions. */
const triggersWith = (invoke: (name: string, event: object) => Promise<unknown>): LocalTrigger[] =>
  EVENTS.map(({ name, trigger }) => ({ name, trigger, invoke: (event) => invoke(name, event) }))
/** A bus, and the functions that it has called with their events. */
const recordingBus = () => {
  const calls: [string, object][] = []
  const triggers = triggersWith((name, event) => Promise.resolve(calls.push([name, event])))
  return { bus: new LocalEventBus(triggers, NAMES), calls }
}
const failingBus = () => {
  const invoke = vi.fn(() => Promise.reject(new Error('unavailable')))
  return { bus: new LocalEventBus(triggersWith(invoke), NAMES, [1, 1]), invoke }
}

describe('LocalEventBus', () => {
  it('delivers events that arrived before open, and later ones at once', async () => {
    const { bus, calls } = recordingBus()
    const early = bus.receive(created('early.acbak'))
    expect(calls).toEqual([])
    bus.open()
    await early
    await bus.receive(created('late.acbak'))
    expect(calls).toEqual([
      ['upload', created('early.acbak')],
      ['upload', created('late.acbak')],
    ])
  })

  it('delivers only events that match the pattern of a rule', async () => {
    const { bus, calls } = recordingBus()
    bus.open()
    for (const event of [
      created('a.txt'),
      created('a.acbak', 'other'),
      executionEnded('restore', 'j', 'SUCCEEDED'),
      executionEnded('export', 'j', 'FAILED'),
      executionEnded('restore', 'j', 'FAILED'),
    ])
      await bus.receive(event)
    expect(calls).toEqual([['end-stopped', executionEnded('restore', 'j', 'FAILED')]])
  })

  it('supports the patterns of all rules in the table of events', async () => {
    const triggers = await loadTriggers(EVENTS)
    expect(triggers.map(({ name }) => name)).toEqual(EVENTS.map(({ name }) => name))
    expect(() => new LocalEventBus(triggers, NAMES)).not.toThrow()
  })

  it('retries after every delay, and then gives up', async () => {
    const errors = vi.spyOn(console, 'error').mockReturnValue()
    const { bus, invoke } = failingBus()
    bus.open()
    await bus.receive(created('a.acbak'))
    expect(errors).toHaveBeenCalledTimes(3)
    expect(invoke).toHaveBeenCalledTimes(3)
    errors.mockRestore()
  })

  it('does not retry after it is closed', async () => {
    const errors = vi.spyOn(console, 'error').mockReturnValue()
    const { bus, invoke } = failingBus()
    bus.open()
    const delivery = bus.receive(created('a.acbak'))
    await bus.close()
    await delivery
    await bus.receive(created('b.acbak'))
    expect(invoke).toHaveBeenCalledTimes(1)
    errors.mockRestore()
  })

  it('drops events that are still waiting when it is closed', async () => {
    const { bus, calls } = recordingBus()
    const waiting = bus.receive(created('a.acbak'))
    await bus.close()
    await waiting
    expect(calls).toEqual([])
  })
})
