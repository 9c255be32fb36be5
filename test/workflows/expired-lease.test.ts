import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { writeToStore, buildResource } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const HOUR_MS = 3600_000

let ahead = 0
let first: Buffer
let second: Buffer
let secondContents: StoreContents
const runner = await startRunner({ clock: () => new Date(Date.now() + ahead) })
beforeAll(async () => {
  const memo = (text: string) => buildResource(runner.services.models, { model: 'memo', id: 'm', payloads: [{ text }] })
  await writeToStore(runner.clients, memo('first'))
  first = (await runner.export(['memo'])).archive
  await writeToStore(runner.clients, memo('second'))
  second = (await runner.export(['memo'])).archive
  secondContents = await runner.contents()
})
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
  ahead = 0
})

/** Restores the first archive. Before `stage` begins, an hour passes, and another restore of the model succeeds. */
const overtakenAt = async (stage: string): Promise<RestoreJob> => {
  let other: RestoreJob | undefined
  runner.beforeStage(stage, async () => {
    ahead = HOUR_MS
    other = await runner.restore(second)
  })
  const late = await runner.restore(first)
  expect(other).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
  expect(stableContents(await runner.contents())).toEqual(stableContents(secondContents))
  return late
}

describe('a restore that is suspended until its lease has expired and another restore has succeeded', () => {
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
      expect(await runner.services.objects.getJson(bucket, key)).toMatchObject({
        passed: true,
        models: { memo: { loaded: 1, changed_since: 1 } },
      })
    },
  )
})
