import { beforeAll, expect, it } from 'vitest'
import { readContents, stableContents, wipe } from '../../contents.ts'
import { sampleStore, writeToStore } from '../../workflows/sample-store.ts'
import type { Job } from '../api-client.ts'
import type { DeployTest } from '../deploy-test.ts'
import { SETTINGS } from '../settings.ts'

/** Changes, rollbacks and removal of a deployment that is in use. */
export const redeployment = (test: () => DeployTest): void => {
  beforeAll(async () => {
    const { main, models } = test()
    await wipe(main.clients)
    await writeToStore(main.clients, sampleStore(models))
  })

  it('changes every function while jobs are running, and all of these jobs succeed', async () => {
    const { main } = test()
    const api = await main.api()
    await main.app.writeLimits({ watchMs: 4_000 })
    await main.synthesize()
    const deployment = { isRunning: true }
    const deployed = main.deploySynthesized().finally(() => {
      deployment.isRunning = false
    })
    const jobs: Job[] = []
    do jobs.push(await api.run('GET', '/_backup/export'))
    while (deployment.isRunning)
    await deployed
    for (const job of jobs) expect(job).toMatchObject({ status: 'succeeded', result: { complete: true } })
    await restoresEverything(test(), jobs.at(-1)?.job_id ?? '')
  })

  it('rolls a failed update back, and deploys the same code after the cause has been removed', async () => {
    const { main } = test()
    const api = await main.api()
    const weekly = { name: `weekly-${Date.now()}`, cron: '0 4 ? * SUN *', keep_days: 90 }
    // The schedule of the new settings exists already, so CloudFormation cannot create it.
    await main.scheduler.copy('nightly', weekly.name)
    await main.app.writeSettings({ ...SETTINGS, schedules: [...SETTINGS.schedules, weekly] })
    await main.app.writeLimits({ watchMs: 4_500 })
    await main.synthesize()
    await expect(main.deploySynthesized()).rejects.toThrow(`Schedule ${weekly.name} already exists`)
    expect(await main.serviceStatus()).toBe('UPDATE_ROLLBACK_COMPLETE')
    expect(await api.run('GET', '/_backup/export')).toMatchObject({ status: 'succeeded' })
    await main.scheduler.delete(weekly.name)
    await main.deploySynthesized()
    expect(await main.serviceStatus()).toBe('UPDATE_COMPLETE')
    expect(await main.scheduler.names()).toContain(weekly.name)
    expect(await api.run('GET', '/_backup/export')).toMatchObject({ status: 'succeeded' })
  })

  it('keeps all data when the service stack is deleted, and uses the data again when it is deployed', async () => {
    const { main } = test()
    const before = await readContents(main.clients)
    const exported = await (await main.api()).run('GET', '/_backup/export')
    await main.destroy()
    expect(await readContents(main.clients)).toEqual(before)
    await main.deploySynthesized()
    const api = await main.api()
    expect(await api.job(exported.job_id)).toMatchObject({ status: 'succeeded' })
    await restoresEverything(test(), exported.job_id)
  })
}

/** Deletes all data, restores an export, and expects the data of before. */
const restoresEverything = async ({ main }: DeployTest, exportId: string): Promise<void> => {
  const before = await readContents(main.clients)
  await wipe(main.clients)
  const job = await (await main.api()).run('POST', '/_backup/import', { from: { job_id: exportId } })
  expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
  expect(stableContents(await readContents(main.clients))).toEqual(stableContents(before))
}
