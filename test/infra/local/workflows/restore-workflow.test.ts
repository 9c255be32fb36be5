import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../../functions/workflows/states.ts'
import { LocalWorkflowEngine } from '../../../../infra/local/workflows/local-workflow-engine.ts'
import { errorNamed, planned, runScripted, stagesOf } from './scripted-stages.ts'

describe('the restore workflow', () => {
  it('runs its stages in order', async () => {
    expect(stagesOf(await runScripted('restore', {}))).toEqual([
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
    const calls = await runScripted('restore', {
      inspect: (_input, nth) => ({ job_id: 'j', items: [], count: 0, waiting: nth < 2, wait_seconds: 0 }),
    })
    expect(stagesOf(calls).slice(0, 5)).toEqual(['convert', 'inspect', 'inspect', 'inspect', 'plan-preflight-blobs'])
  })

  it('plans preflight-blobs again until no round is left', async () => {
    const calls = await runScripted('restore', {
      'plan-preflight-blobs': (_input, nth) => ({ job_id: 'j', items: [nth], count: 1, more: nth < 1 }),
      'preflight-blobs': (input) => ({ ...input, more: false }),
    })
    expect(stagesOf(calls).slice(2, 7)).toEqual([
      'plan-preflight-blobs',
      'preflight-blobs',
      'plan-preflight-blobs',
      'preflight-blobs',
      'decide',
    ])
  })

  it('skips the writing stages if the decide stage returns write: false', async () => {
    const calls = await runScripted('restore', { decide: () => ({ job_id: 'j', items: [], count: 0, write: false }) })
    expect(stagesOf(calls)).toEqual(['convert', 'inspect', 'plan-preflight-blobs', 'decide', 'report'])
  })

  it('repeats the convert stage with the cursor of the previous pass, and then inspects', async () => {
    const calls = await runScripted('restore', {
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
    const calls = await runScripted('restore', {
      'plan-apply-records': () => planned(1),
      'apply-records': () => {
        throw errorNamed('ConflictError', 'rival')
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
              if (n === 1) throw errorNamed('ConflictError', 'rival')
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
