import { beforeAll, expect, it } from 'vitest'
import { readContents, stableContents, wipe } from '../../contents.ts'
import { sampleStore, writeToStore } from '../../workflows/sample-store.ts'
import { dashboardNames } from '../aws/dashboards.ts'
import type { DeployTest } from '../deploy-test.ts'
import type { Deployment } from '../deployment.ts'

/** The same deployment name in two regions of an account. */
export const secondRegion = (test: () => DeployTest): void => {
  let second: Deployment

  beforeAll(async () => {
    second = await test().secondDeployment('us-east-1')
  })

  it('has its own stacks, although the names are the same', async () => {
    await second.bootstrap()
    await second.deploy()
    expect(await second.serviceStatus()).toBe('CREATE_COMPLETE')
    const { main } = test()
    expect(await second.apiUrl()).not.toBe(await main.apiUrl())
    expect(await dashboardNames(main.requests)).toHaveLength(2)
  })

  it('has its own data and jobs', async () => {
    const { main, models } = test()
    const inFirst = await readContents(main.clients)
    await writeToStore(second.clients, sampleStore(models))
    const before = await readContents(second.clients)
    const api = await second.api()
    const exported = await api.run('GET', '/_backup/export')
    expect(exported).toMatchObject({ status: 'succeeded', result: { complete: true } })
    await wipe(second.clients)
    const restored = await api.run('POST', '/_backup/import', { from: { job_id: exported.job_id } })
    expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(stableContents(await readContents(second.clients))).toEqual(stableContents(before))
    expect(await readContents(main.clients)).toEqual(inFirst)
    expect(await (await main.api()).request('GET', `/_backup/jobs/${exported.job_id}`)).toMatchObject({ status: 404 })
  })

  it('can be removed without an effect on the first region', async () => {
    const { main } = test()
    await second.destroy()
    expect(await (await main.api()).run('GET', '/_backup/export')).toMatchObject({ status: 'succeeded' })
  })
}
