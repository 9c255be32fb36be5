import { setTimeout as sleep } from 'node:timers/promises'
import { StateMachine } from 'aws-local-stepfunctions'
import { describe, expect, it, vi } from 'vitest'
import { EXPORT_STAGES, RESTORE_STAGES } from '../../../../functions/stages.ts'
import { exportWorkflow } from '../../../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../../../functions/workflows/restore.workflow.ts'
import type { Definition, Json } from '../../../../functions/workflows/states.ts'
import { checkDefinition, localDefinition, taskStates } from '../../../../infra/local/workflows/local-definition.ts'
import { FunctionConcurrency } from '../../../../infra/local/workflows/function-concurrency.ts'
import { LocalWorkflowEngine } from '../../../../infra/local/workflows/local-workflow-engine.ts'
import { checkedHandler } from '../../../../infra/local/workflows/stage-handler.ts'

const ARN = 'arn:aws:lambda:local:000000000000:function:'

type Call = { stage: string; input: Record<string, Json> }
type Script = Partial<Record<string, (input: Record<string, Json>, nth: number) => Json>>

/** An engine with scripted stages. By default, a stage returns the job id and an empty plan. */
const scripted = (script: Script): { engine: LocalWorkflowEngine; calls: Call[] } => {
  const calls: Call[] = []
  const engine = new LocalWorkflowEngine({
    retryMs: 0,
    load: (_kind, stage) =>
      Promise.resolve((input: Json) => {
        const fields = input as Record<string, Json>
        const nth = calls.filter((call) => call.stage === stage).length
        calls.push({ stage, input: fields })
        const answer = script[stage]?.(fields, nth)
        return Promise.resolve(
          answer ?? {
            job_id: fields['job_id'] ?? null,
            items: [],
            count: 0,
            round: 0,
            more: false,
            write: true,
            waiting: false,
          },
        )
      }),
  })
  return { engine, calls }
}

const planned = (count: number): Json => ({
  job_id: 'j',
  items: Array.from({ length: count }, (_, n) => n),
  count,
  round: 0,
  more: false,
  write: true,
  waiting: false,
})

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name })

const run = async (kind: 'export' | 'restore', script: Script): Promise<Call[]> => {
  const { engine, calls } = scripted(script)
  await engine.start(kind, 'j')
  await engine.ended('j')
  return calls
}

const stagesOf = (calls: readonly Call[]): string[] => calls.map(({ stage }) => stage)

describe('the export workflow', () => {
  it('runs its stages in order and skips maps without items', async () => {
    expect(stagesOf(await run('export', {}))).toEqual([
      'plan-export',
      'plan-export-blobs',
      'plan-compose',
      'finish-compose',
      'account-items',
      'announce',
    ])
  })

  it.each([3, 20])('passes each of %i map items its number, in an inline and in a distributed map', async (count) => {
    const calls = await run('export', {
      'plan-export': () => planned(count),
      'export-records': (input) => ({ ...input, more: false }),
    })
    const children = calls.filter(({ stage }) => stage === 'export-records')
    expect(children.map(({ input }) => input['n']).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: count }, (_, n) => n),
    )
    expect(children.every(({ input }) => input['job_id'] === 'j' && input['pass'] === 0)).toBe(true)
  })

  it('repeats account-items after the seconds that each pass returns', async () => {
    const began = performance.now()
    const calls = await run('export', {
      'account-items': (input, nth) => ({
        ...input,
        pass: nth + 1,
        more: nth < 2,
        cursor: `c${nth}`,
        wait_seconds: nth,
      }),
    })
    const passes = calls.filter(({ stage }) => stage === 'account-items')
    expect(passes.map(({ input }) => [input['pass'], input['cursor']])).toEqual([
      [0, undefined],
      [1, 'c0'],
      [2, 'c1'],
    ])
    expect(performance.now() - began).toBeGreaterThan(950)
  })

  it('repeats a map item with its cursor until no work is left', async () => {
    const calls = await run('export', {
      'plan-export': () => planned(1),
      'export-records': (input, nth) => ({ ...input, pass: nth + 1, more: nth < 1, cursor: `c${nth}` }),
    })
    const passes = calls.filter(({ stage }) => stage === 'export-records')
    expect(passes.map(({ input }) => [input['pass'], input['cursor']])).toEqual([
      [0, undefined],
      [1, 'c0'],
    ])
  })

  it('runs the items of an inline map again in the distributed map if an item needs more than two passes', async () => {
    const passes = [1, 4]
    const calls = await run('export', {
      'plan-export': () => planned(2),
      'export-records': (input) => {
        const pass = Number(input['pass'])
        return { ...input, pass: pass + 1, more: pass + 1 < (passes[Number(input['n'])] ?? 0), cursor: `c${pass}` }
      },
    })
    const passesOf = (item: number): Json[] =>
      calls
        .filter(({ stage, input: { n } }) => stage === 'export-records' && n === item)
        .map(({ input: { pass = null } }) => pass)
    expect(passesOf(0)).toEqual([0, 0])
    expect(passesOf(1)).toEqual([0, 1, 0, 1, 2, 3])
    expect(stagesOf(calls)).toContain('announce')
  })

  it.each(['ThrottledError', 'Lambda.ServiceException'])(
    'runs an item of an inline map in the distributed map if it fails with %s in 21 attempts',
    async (name) => {
      const calls = await run('export', {
        'plan-export': () => planned(1),
        'export-records': (input, nth) => {
          if (nth < 21) throw named(name, 'later')
          return { ...input, more: false }
        },
      })
      expect(calls.filter(({ stage }) => stage === 'export-records')).toHaveLength(22)
      expect(stagesOf(calls)).toContain('announce')
    },
  )

  it('retries a throttled stage although another error has used up its retries', async () => {
    const calls = await run('export', {
      'plan-export': (_input, nth) => {
        if (nth < 4) throw named('InternalError', 'no')
        if (nth < 100) throw named(nth % 2 === 0 ? 'ThrottledError' : 'Lambda.TooManyRequestsException', 'later')
        return planned(0)
      },
    })
    expect(calls.filter(({ stage }) => stage === 'plan-export')).toHaveLength(101)
    expect(stagesOf(calls)).toContain('announce')
  })

  it('composes in rounds until the archive is complete', async () => {
    const calls = await run('export', {
      'plan-compose': (input, nth) => ({
        job_id: 'j',
        items: [0],
        count: 1,
        round: input['round'] ?? null,
        more: nth === 0,
      }),
      'compose-parts': (input) => ({ ...input, more: false }),
    })
    expect(calls.filter(({ stage }) => stage === 'plan-compose').map(({ input }) => input['round'])).toEqual([0, 1])
  })

  it('retries a temporary error, but not an error that a retry cannot resolve', async () => {
    const temporary = await run('export', {
      'plan-export': (_input, nth) => {
        if (nth < 2) throw named('TimeoutError', 'slow')
        return planned(0)
      },
    })
    expect(stagesOf(temporary).filter((stage) => stage === 'plan-export')).toHaveLength(3)
    const final = await run('export', {
      'plan-compose': () => {
        throw named('BlobsMissingError', 'gone')
      },
    })
    expect(stagesOf(final).filter((stage) => stage === 'plan-compose')).toHaveLength(1)
  })

  it('reports only the generic error of AWS if an item of a distributed map fails', async () => {
    const calls = await run('export', {
      'plan-export': () => planned(20),
      'export-records': () => {
        throw named('TornResourcesError', 'torn: a')
      },
    })
    expect(calls.at(-1)).toMatchObject({
      stage: 'fail-export',
      input: { job_id: 'j', error: { Error: 'States.ExceedToleratedFailureThreshold' } },
    })
  })

  it('passes the name and message of an error in an inline map to the fail stage', async () => {
    const calls = await run('export', {
      'plan-export': () => planned(2),
      'export-records': () => {
        throw named('TornResourcesError', 'torn: a')
      },
    })
    const { input } = calls.at(-1) ?? { input: {} }
    expect(calls.at(-1)?.stage).toBe('fail-export')
    expect(input).toMatchObject({ job_id: 'j', error: { Error: 'TornResourcesError' } })
    expect(JSON.stringify(input)).toContain('torn: a')
  })
})

describe('the restore workflow', () => {
  it('runs its stages in order', async () => {
    expect(stagesOf(await run('restore', {}))).toEqual([
      'convert',
      'inspect',
      'plan-preflight-blobs',
      'decide',
      'plan-apply-records',
      'plan-verify',
      'report',
    ])
  })

  it('inspects again after the time that the inspect stage returns, until it has the leases', async () => {
    const calls = await run('restore', {
      inspect: (_input, nth) => ({ job_id: 'j', items: [], count: 0, waiting: nth < 2, wait_seconds: 0 }),
    })
    expect(stagesOf(calls).slice(0, 5)).toEqual(['convert', 'inspect', 'inspect', 'inspect', 'plan-preflight-blobs'])
  })

  it('skips the writing stages if the decide stage returns write: false', async () => {
    const calls = await run('restore', { decide: () => ({ job_id: 'j', items: [], count: 0, write: false }) })
    expect(stagesOf(calls)).toEqual(['convert', 'inspect', 'plan-preflight-blobs', 'decide', 'report'])
  })

  it('repeats the convert stage with the cursor of the previous pass, and then inspects', async () => {
    const calls = await run('restore', {
      convert: (input, nth) => ({ ...input, pass: nth + 1, more: nth < 2, cursor: `c${nth}` }),
    })
    const passes = calls.filter(({ stage }) => stage === 'convert')
    expect(passes.map(({ input }) => [input['n'], input['pass'], input['cursor']])).toEqual([
      [0, 0, undefined],
      [0, 1, 'c0'],
      [0, 2, 'c1'],
    ])
    expect(calls[3]).toMatchObject({ stage: 'inspect', input: { job_id: 'j' } })
  })

  it('rolls back after a conflict with another writer', async () => {
    const calls = await run('restore', {
      'plan-apply-records': () => planned(1),
      'apply-records': () => {
        throw named('ConflictError', 'rival')
      },
      'plan-rollback': (input) => ({ job_id: 'j', items: [0], count: 1, error: input['error'] ?? null }),
      rollback: (input) => ({ ...input, more: false }),
    })
    expect(stagesOf(calls).slice(-3)).toEqual(['plan-rollback', 'rollback', 'fail-restore'])
    expect(calls.at(-1)?.input).toMatchObject({ error: { Error: 'ConflictError' } })
  })

  it.each([
    ['an inline', 6],
    ['a distributed', 30],
  ])(
    'rolls back only after all running items of %s map have returned, and starts no further item',
    async (_kind, count) => {
      const calls: string[] = []
      const engine = new LocalWorkflowEngine({
        retryMs: 0,
        load: (_kind, stage) =>
          Promise.resolve(async (input: Json): Promise<Json> => {
            const { n } = input as { n?: number }
            if (stage === 'apply-records') {
              calls.push('begins')
              await sleep(n === 1 ? 5 : 40)
              if (n === 1) throw named('ConflictError', 'rival')
              calls.push('returns')
              return { job_id: 'j', n: n ?? 0, pass: 1, more: true }
            }
            if (['plan-rollback', 'fail-restore'].includes(stage)) calls.push(stage)
            if (stage === 'plan-rollback')
              return { job_id: 'j', items: [], count: 0, error: { Error: 'ConflictError' } }
            return planned(stage === 'plan-apply-records' ? count : 0)
          }),
      })
      await engine.start('restore', 'j')
      await engine.ended('j')
      await sleep(100)
      expect(calls.slice(-2)).toEqual(['plan-rollback', 'fail-restore'])
      const work = calls.slice(0, -2)
      // The failed item began and did not return.
      expect(work.filter((call) => call === 'begins')).toHaveLength(
        1 + work.filter((call) => call === 'returns').length,
      )
    },
  )
})

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
    const callerError = named('NotAnArchiveError', 'the object is not an archive')
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
    const run = functionConcurrency.limit(async (input) => {
      await sleep(10)
      return input
    })
    const first = [run(1), run(2)]
    await expect(run(3)).rejects.toMatchObject({ name: 'Lambda.TooManyRequestsException' })
    expect(await Promise.all(first)).toEqual([1, 2])
    expect(await run(4)).toBe(4)
    expect(functionConcurrency.refused).toBe(1)
  })

  it('has a handler for every stage, and every stage is in a definition', () => {
    const resources = (definition: Definition): Set<string> => new Set(Object.values(taskStates(definition)))
    expect(resources(exportWorkflow((stage) => stage))).toEqual(new Set<string>(EXPORT_STAGES.map(({ name }) => name)))
    expect(resources(restoreWorkflow((stage) => stage))).toEqual(
      new Set<string>(RESTORE_STAGES.map(({ name }) => name)),
    )
  })
})
