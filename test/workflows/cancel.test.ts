import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cancelJob } from '../../shared/jobs/cancel.ts'
import { fill, tell, together } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

const RESOURCES = 3_000

let staged: StagedWorkflows
let archive: Buffer
beforeAll(async () => {
  staged = await StagedWorkflows.start({ limits: { watchMs: 10 } })
  const memos = Array.from({ length: RESOURCES }, (_, k) =>
    tell(staged.services.models, { model: 'memo', id: `memo ${k}`, payloads: [{ text: `${k}` }] }),
  )
  await fill(staged.outside, together(...memos))
  archive = (await staged.export(['memo'])).archive
  await staged.wipe()
})
afterAll(() => staged.stop())

const written = async (): Promise<number> => (await staged.contents()).items.size

it('a restore that is cancelled in the middle of a pass writes no more once the answer is there', async () => {
  const { job_id } = await staged.begin(archive)
  while ((await written()) < 20) await sleep(5)
  expect(await cancelJob(staged.services, job_id)).toMatchObject({ status: 'cancelled' })
  const count = await written()
  expect(count).toBeLessThan(2 * RESOURCES)
  await sleep(300)
  expect(await written()).toBe(count)
  expect(await staged.services.leases.holderOf('memo')).toBeUndefined()
  expect((await staged.restore(archive)).result).toMatchObject({ verification: { passed: true } })
})
