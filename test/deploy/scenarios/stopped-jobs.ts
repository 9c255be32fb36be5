import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { readContents, stableContents, unfinishedUploads, wipe } from '../../contents.ts'
import { sampleStore, writeToStore } from '../../workflows/sample-store.ts'
import type { DeployTest } from '../deploy-test.ts'
import type { ApiClient } from '../api-client.ts'

const POLL_MS = 300

/** Jobs that end before their workflow does. */
export const stoppedJobs = (test: () => DeployTest): void => {
  beforeAll(async () => {
    const { main, models } = test()
    await wipe(main.clients)
    await writeToStore(main.clients, sampleStore(models))
  })

  it('by a request ends as cancelled, and its execution is stopped', async () => {
    const { main } = test()
    const api = await main.api()
    const id = await api.start('GET', '/_backup/export')
    await running(api, id)
    expect(await api.request('POST', `/_backup/jobs/${id}/cancel`)).toMatchObject({ status: 200 })
    expect(await api.ended(id)).toMatchObject({ status: 'cancelled' })
    expect(await main.execution('export', id).status()).toBe('ABORTED')
  })

  it('in Step Functions ends as failed, because the event of its execution starts a function', async () => {
    const { main } = test()
    const api = await main.api()
    const id = await api.start('GET', '/_backup/export')
    await running(api, id)
    await main.execution('export', id).stop()
    expect(await api.ended(id)).toMatchObject({
      status: 'failed',
      error: { detail: expect.stringContaining('was stopped from outside') as string },
    })
  })

  it('leaves a store that the next jobs can export and restore', async () => {
    const { main } = test()
    const api = await main.api()
    const before = await readContents(main.clients)
    const exported = await api.run('GET', '/_backup/export')
    expect(exported).toMatchObject({ status: 'succeeded', result: { complete: true } })
    expect(await unfinishedUploads(main.clients)).toEqual([])
    await wipe(main.clients)
    const restore = await api.start('POST', '/_backup/import', { from: { job_id: exported.job_id } })
    await running(api, restore)
    await api.request('POST', `/_backup/jobs/${restore}/cancel`)
    expect(await api.ended(restore)).toMatchObject({ status: 'cancelled' })
    const again = await api.run('POST', '/_backup/import', { from: { job_id: exported.job_id } })
    expect(again).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(stableContents(await readContents(main.clients))).toEqual(stableContents(before))
  })
}

/** Waits until the first stage of a job has started. */
const running = async (api: ApiClient, id: string): Promise<void> => {
  while ((await api.job(id)).status !== 'running') await sleep(POLL_MS)
}
