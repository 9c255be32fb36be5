import { setTimeout as sleep } from 'node:timers/promises'
import { StateMachine } from 'aws-local-stepfunctions'
import { describe, expect, it, vi } from 'vitest'
import { CHECK_STAGES, EXPORT_STAGES, RESTORE_STAGES } from '../../../../functions/stages.ts'
import { checkWorkflow } from '../../../../functions/workflows/check.workflow.ts'
import { exportWorkflow } from '../../../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../../../functions/workflows/restore.workflow.ts'
import type { Definition, Json } from '../../../../functions/workflows/states.ts'
import { checkDefinition, localDefinition, taskStates } from '../../../../infra/local/workflows/local-definition.ts'
import { FunctionConcurrency } from '../../../../infra/local/workflows/function-concurrency.ts'
import { LocalWorkflowEngine } from '../../../../infra/local/workflows/local-workflow-engine.ts'
import { checkedHandler } from '../../../../infra/local/workflows/stage-handler.ts'
import { errorNamed, planned } from './scripted-stages.ts'

const ARN = 'arn:aws:lambda:local:000000000000:function:'

describe('the local workflow engine', () => {
  it('waits for running stages when it stops a job, and starts no further stage', async () => {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    const calls: string[] = []
    const engine = new LocalWorkflowEngine({
      load: (_kind, stage) =>
        Promise.resolve(async (): Promise<Json> => {
          calls.push(stage)
          await released
          calls.push(`${stage} returned`)
          return planned(0)
        }),
    })
    await engine.start('export', 'j')
    await engine.start('export', 'j')
    const stopped = engine.stop('export', 'j')
    release()
    await stopped
    expect(calls).toEqual(['plan-export', 'plan-export returned'])
  })

  it('rejects a state output over the limit of Step Functions', async () => {
    const logged = vi.spyOn(console, 'error').mockReturnValue(undefined)
    const handler = checkedHandler('Plan', () => Promise.resolve({ text: 'x'.repeat(257 * 1024) }))
    await expect(handler({})).rejects.toThrow(/the output of state Plan has \d+ bytes; the limit is 262144/)
    expect(logged).toHaveBeenCalledOnce()
    logged.mockRestore()
  })

  it('logs an internal error of a stage with the request id that Lambda would log, and no other error', async () => {
    const logged = vi.spyOn(console, 'error').mockReturnValue(undefined)
    let requestId = ''
    const error = new Error('the table does not answer')
    const handler = checkedHandler('Plan', (_input, context) => {
      requestId = context.awsRequestId
      return Promise.reject(error)
    })
    await expect(handler({})).rejects.toBe(error)
    expect(logged).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(requestId), error)
    const callerError = errorNamed('NotAnArchiveError', 'the object is not an archive')
    await expect(checkedHandler('Inspect', () => Promise.reject(callerError))({})).rejects.toBe(callerError)
    expect(logged).toHaveBeenCalledOnce()
    logged.mockRestore()
  })

  it.each([
    ['a field that the interpreter ignores', { Type: 'Map', ItemReader: {} }, /does not support ItemReader/],
    ['an explicit ResultPath of $', { Type: 'Pass', ResultPath: '$' }, /fails on "ResultPath": "\$"/],
  ])('rejects a definition with %s', (_what, state, message) => {
    const definition: Definition = { Comment: '', StartAt: 'A', TimeoutSeconds: 1, States: { A: state } }
    expect(() => {
      checkDefinition(definition)
    }).toThrow(message)
  })

  it.each([
    ['export', exportWorkflow((stage) => ARN + stage)],
    ['restore', restoreWorkflow((stage) => ARN + stage)],
    ['check', checkWorkflow((stage) => ARN + stage)],
  ])('receives a definition of the %s workflow that is valid Amazon States Language', (_kind, definition) => {
    expect(() => new StateMachine(localDefinition(definition))).not.toThrow()
    expect(() => new StateMachine(localDefinition({ ...definition, StartAt: 'Nowhere' }))).toThrow('Nowhere')
  })

  it('runs as many map items at the same time as it is configured to run', async () => {
    let running = 0
    let most = 0
    const engine = new LocalWorkflowEngine({
      mapConcurrency: 12,
      load: (_kind, stage) =>
        Promise.resolve(async (input: Json) => {
          if (stage !== 'export-records') return planned(stage === 'plan-export' ? 20 : 0)
          most = Math.max(most, ++running)
          await sleep(20)
          running -= 1
          return { ...(input as Record<string, Json>), more: false }
        }),
    })
    await engine.start('export', 'j')
    await engine.ended('j')
    expect(most).toBe(12)
  })

  it('refuses to run more functions than the concurrency limit, as Lambda does', async () => {
    const functionConcurrency = new FunctionConcurrency(2)
    const runScripted = functionConcurrency.limit(async (input) => {
      await sleep(10)
      return input
    })
    const first = [runScripted(1), runScripted(2)]
    await expect(runScripted(3)).rejects.toMatchObject({ name: 'Lambda.TooManyRequestsException' })
    expect(await Promise.all(first)).toEqual([1, 2])
    expect(await runScripted(4)).toBe(4)
    expect(functionConcurrency.refused).toBe(1)
  })

  it('has a handler for every stage, and every stage is in a definition', () => {
    const resources = (definition: Definition): Set<string> => new Set(Object.values(taskStates(definition)))
    expect(resources(exportWorkflow((stage) => stage))).toEqual(new Set<string>(EXPORT_STAGES.map(({ name }) => name)))
    expect(resources(checkWorkflow((stage) => stage))).toEqual(new Set<string>(CHECK_STAGES.map(({ name }) => name)))
    expect(resources(restoreWorkflow((stage) => stage))).toEqual(
      new Set<string>(RESTORE_STAGES.map(({ name }) => name)),
    )
  })
})
