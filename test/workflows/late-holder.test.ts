import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { type Contents, lasting } from '../contents.ts'
import { fill, worldWith } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

const HOUR_MS = 3600_000

let staged: StagedWorkflows
let ahead = 0
let first: Buffer
let second: Buffer
let secondContents: Contents
beforeAll(async () => {
  staged = await StagedWorkflows.start({ clock: () => new Date(Date.now() + ahead) })
  const memo = (text: string) => worldWith(staged.services.models, { model: 'memo', id: 'm', payloads: [{ text }] })
  await fill(staged.outside, memo('first'))
  first = (await staged.export(['memo'])).archive
  await fill(staged.outside, memo('second'))
  second = (await staged.export(['memo'])).archive
  secondContents = await staged.contents()
})
afterAll(() => staged.stop())
afterEach(async () => {
  await staged.settle()
  await staged.wipe()
  ahead = 0
})

/** Restores the first archive. Before `stage` begins, an hour passes and another restore of the model completes. */
const overtakenAt = async (stage: string): Promise<RestoreJob> => {
  let other: RestoreJob | undefined
  staged.before(stage, async () => {
    ahead = HOUR_MS
    other = await staged.restore(second)
  })
  const late = await staged.restore(first)
  expect(other).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
  expect(lasting(await staged.contents())).toEqual(lasting(secondContents))
  return late
}

describe('a restore that is suspended until its lease has expired and another restore has completed', () => {
  it('fails and writes nothing if it resumes before its first write', async () => {
    expect(await overtakenAt('apply-records')).toMatchObject({
      status: 'failed',
      error: {
        type: 'conflict',
        status: 409,
        model: 'memo',
        detail: expect.stringContaining('lost its lease on model memo') as unknown,
      },
    })
  })

  it.each(['plan-verify', 'verify'])(
    'reports its resources as changed since if it resumes before %s',
    async (stage) => {
      const { result } = await overtakenAt(stage)
      const { bucket = '', key = '' } = result?.report ?? {}
      expect(await staged.services.objects.getJson(bucket, key)).toMatchObject({
        passed: true,
        models: { memo: { loaded: 1, changed_since: 1 } },
      })
    },
  )
})
