import { describe, expect, it } from 'vitest'
import type { Json } from '../../../../functions/workflows/states.ts'
import { errorNamed, planned, runScripted, stagesOf } from './scripted-stages.ts'

describe('the export workflow', () => {
  it('runs its stages in order and skips maps without items', async () => {
    expect(stagesOf(await runScripted('export', {}))).toEqual([
      'plan-export',
      'plan-export-blobs',
      'plan-compose',
      'finish-compose',
      'account-items',
      'announce',
    ])
  })

  it.each([3, 20])('passes each of %i map items its number, in an inline and in a distributed map', async (count) => {
    const calls = await runScripted('export', {
      'plan-export': () => planned(count),
      'export-records': (input) => ({ ...input, more: false }),
    })
    const children = calls.filter(({ stage }) => stage === 'export-records')
    expect(children.map(({ input }) => input['n']).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: count }, (_, n) => n),
    )
    expect(children.every(({ input }) => input['job_id'] === 'j' && input['pass'] === 0)).toBe(true)
  })

  it('plans export-blobs again until no round is left', async () => {
    const calls = await runScripted('export', {
      'plan-export-blobs': (_input, nth) => ({ job_id: 'j', items: [nth], count: 1, more: nth < 1 }),
      'export-blobs': (input) => ({ ...input, more: false }),
    })
    expect(stagesOf(calls).slice(1, 6)).toEqual([
      'plan-export-blobs',
      'export-blobs',
      'plan-export-blobs',
      'export-blobs',
      'plan-compose',
    ])
    expect(calls.filter(({ stage }) => stage === 'export-blobs').map(({ input }) => input['n'])).toEqual([0, 1])
  })

  it('repeats account-items after the seconds that each pass returns', async () => {
    const began = performance.now()
    const calls = await runScripted('export', {
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
    const calls = await runScripted('export', {
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
    const calls = await runScripted('export', {
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
      const calls = await runScripted('export', {
        'plan-export': () => planned(1),
        'export-records': (input, nth) => {
          if (nth < 21) throw errorNamed(name, 'later')
          return { ...input, more: false }
        },
      })
      expect(calls.filter(({ stage }) => stage === 'export-records')).toHaveLength(22)
      expect(stagesOf(calls)).toContain('announce')
    },
  )

  it('retries a throttled stage although another error has used up its retries', async () => {
    const calls = await runScripted('export', {
      'plan-export': (_input, nth) => {
        if (nth < 4) throw errorNamed('InternalError', 'no')
        if (nth < 100) throw errorNamed(nth % 2 === 0 ? 'ThrottledError' : 'Lambda.TooManyRequestsException', 'later')
        return planned(0)
      },
    })
    expect(calls.filter(({ stage }) => stage === 'plan-export')).toHaveLength(101)
    expect(stagesOf(calls)).toContain('announce')
  })

  it('composes in rounds until the archive is complete', async () => {
    const calls = await runScripted('export', {
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
    const temporary = await runScripted('export', {
      'plan-export': (_input, nth) => {
        if (nth < 2) throw errorNamed('TimeoutError', 'slow')
        return planned(0)
      },
    })
    expect(stagesOf(temporary).filter((stage) => stage === 'plan-export')).toHaveLength(3)
    const final = await runScripted('export', {
      'plan-compose': () => {
        throw errorNamed('BlobsMissingError', 'gone')
      },
    })
    expect(stagesOf(final).filter((stage) => stage === 'plan-compose')).toHaveLength(1)
  })

  it('reports only the generic error of AWS if an item of a distributed map fails', async () => {
    const calls = await runScripted('export', {
      'plan-export': () => planned(20),
      'export-records': () => {
        throw errorNamed('TornResourcesError', 'torn: a')
      },
    })
    expect(calls.at(-1)).toMatchObject({
      stage: 'fail-export',
      input: { job_id: 'j', error: { Error: 'States.ExceedToleratedFailureThreshold' } },
    })
  })

  it('passes the name and message of an error in an inline map to the fail stage', async () => {
    const calls = await runScripted('export', {
      'plan-export': () => planned(2),
      'export-records': () => {
        throw errorNamed('TornResourcesError', 'torn: a')
      },
    })
    const { input } = calls.at(-1) ?? { input: {} }
    expect(calls.at(-1)?.stage).toBe('fail-export')
    expect(input).toMatchObject({ job_id: 'j', error: { Error: 'TornResourcesError' } })
    expect(JSON.stringify(input)).toContain('torn: a')
  })
})
