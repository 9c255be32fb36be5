import { describe, expect, it } from 'vitest'
import { errorNamed, runScripted, stagesOf } from './scripted-stages.ts'

describe('the check workflow', () => {
  it('runs only the stages of a restore that read the archive, in the same order', async () => {
    const calls = await runScripted('check', {
      inspect: () => ({ job_id: 'j', items: [0], count: 1 }),
      preflight: (input) => ({ ...input, more: false }),
      'plan-preflight-blobs': () => ({ job_id: 'j', items: [0], count: 1, more: false }),
      'preflight-blobs': (input) => ({ ...input, more: false }),
    })
    expect(stagesOf(calls)).toEqual([
      'convert',
      'inspect',
      'preflight',
      'plan-preflight-blobs',
      'preflight-blobs',
      'decide',
      'report',
    ])
  })

  it('plans preflight-blobs again until no round is left', async () => {
    const calls = await runScripted('check', {
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

  it('ends the job if a stage fails', async () => {
    const calls = await runScripted('check', {
      decide: () => {
        throw errorNamed('ArchiveInvalidError', 'damaged')
      },
    })
    expect(stagesOf(calls).slice(-2)).toEqual(['decide', 'fail-restore'])
    expect(calls.at(-1)?.input).toMatchObject({ job_id: 'j', error: { Error: 'ArchiveInvalidError' } })
  })
})
