import { describe, expect, it } from 'vitest'
import { exportWorkflow } from '../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../functions/workflows/restore.workflow.ts'
import type { Json } from '../../functions/workflows/states.ts'
import { VirtualClock } from './clock.ts'
import { parseMachine } from './definition.ts'
import { Interpreter, type Invoke, StateError } from './interpreter.ts'

const run = async (invoke: Invoke, workflow = exportWorkflow): Promise<Interpreter> => {
  const clock = new VirtualClock()
  const interpreter = new Interpreter({ clock, invoke, random: () => 0.5 })
  await clock.run(interpreter.run(parseMachine(workflow((stage) => stage)), { job_id: 'j' }))
  return interpreter
}

/** Plans `count` items for every map, and ends every pass after the first. */
const stages =
  (count: number, called: string[]): Invoke =>
  (stage, input) => {
    called.push(stage)
    const fields = typeof input === 'object' && input !== null && !Array.isArray(input) ? input : {}
    const items: Json = Array.from({ length: count }, (_, n) => n)
    return Promise.resolve({
      ...fields,
      items,
      count,
      more: false,
      round: 0,
      write: true,
      wait_seconds: 0,
      waiting: false,
    })
  }

describe('the interpreter of workflows', () => {
  it('runs the stages of the real definitions in their order', async () => {
    const called: string[] = []
    await run(stages(1, called), exportWorkflow)
    expect(called).toEqual([
      'plan-export',
      'export-records',
      'plan-export-blobs',
      'export-blobs',
      'plan-compose',
      'compose-parts',
      'finish-compose',
      'account-items',
      'announce',
    ])
  })

  it('counts the items of distributed maps as children with their own histories', async () => {
    const { counts } = await run(stages(100, []), exportWorkflow)
    expect(counts).toMatchObject({ children: 300, mapItems: 100, childEvents: 11 })
    expect(counts.events).toBeLessThan(100)
  })

  it('parses both definitions completely', () => {
    for (const definition of [exportWorkflow((stage) => stage), restoreWorkflow((stage) => stage)])
      expect(parseMachine(definition).states.size).toBe(Object.keys(definition.States).length)
  })

  it('repeats a stage that Lambda did not start, and fails with the error of a stage that always fails', async () => {
    let throttled = 3
    const answer = stages(0, [])
    const { counts } = await run((stage, input) =>
      throttled-- > 0
        ? Promise.reject(new StateError('Lambda.TooManyRequestsException', 'busy'))
        : answer(stage, input),
    )
    expect(counts.retries).toBe(3)
    const failing = run((stage, input) =>
      stage === 'plan-compose' ? Promise.reject(new StateError('Broken', 'always')) : answer(stage, input),
    )
    await expect(failing).rejects.toThrow('always')
  })
})
