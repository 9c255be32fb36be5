import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { damageBlob, damageRevision } from '../../infra/local/demo/damage.ts'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { PageTest } from './page-test.ts'
import { compare, exportAll, listJobs, restoreDamagedArchive, seed } from './steps.ts'
import { firstBlob, firstRevision, slowDown } from './store.ts'

let test: PageTest
beforeAll(async () => {
  test = await PageTest.start()
  await seed(test)
})
afterAll(() => test.stop())
afterEach(() => {
  expect(test.takeErrors()).toEqual([])
  test.expectedFailures = []
})

describe('the page, if something fails', () => {
  it('shows which checks of a restore failed, and what differs', async () => {
    const { page, stores } = test
    const { tables, buckets } = stores.config
    await exportAll(test)
    await wipe(stores)
    await compare(test)
    const restoreSpeed = await slowDown(stores, 150)
    await page.getByRole('button', { name: /^Restore \d+ resources$/ }).click()
    await page.waitForURL(/#\/jobs\//)
    const jobId = page.url().split('/').at(-1) ?? ''
    const phase = async (): Promise<unknown> => {
      const response = await fetch(`${test.program.url}/_backup/jobs/${jobId}`)
      return ((await response.json()) as { readonly phase?: string }).phase
    }
    // The blobs and the first resources are written, and nothing is verified yet.
    await expect.poll(phase, { timeout: 40_000, interval: 50 }).toBe('apply-records')
    await expect
      .poll(() => firstRevision(stores, 'city').catch(() => undefined), { timeout: 40_000, interval: 50 })
      .toBeDefined()
    const { pk, sk, id } = await firstRevision(stores, 'city')
    await damageRevision(stores.dynamo, tables.resources, pk, sk)
    await damageBlob(stores.s3, buckets.blobs, await firstBlob(stores))
    expect(await phase()).toBe('apply-records')
    await restoreSpeed()
    await test.expectStatus('failed')
    await page.getByText('verification-failed').first().waitFor()
    await page.getByText('the store differs from the archive now').waitFor()
    await page.getByText(id).first().waitFor()
    await page.getByRole('columnheader', { name: 'Expected' }).first().waitFor()
    await page.getByRole('heading', { name: 'Different in the store' }).waitFor()
    await page.getByRole('heading', { name: 'Missing in the store' }).waitFor({ state: 'detached' })
    await test.expectAccessible()
    await test.screenshot('failed-verification')
    await wipe(stores)
    await seed(test)
  })

  it('says why a restore failed', async () => {
    const { page } = test
    await restoreDamagedArchive(test)
    await page.getByText('entry-corrupt').waitFor()
    await page.getByText('The store has not changed.').waitFor()
    await test.screenshot('failed-restore')
    await test.expectAccessible()
  })

  it('shows the health of the deployment', async () => {
    const { page } = test
    await test.show('overview')
    const health = page.getByRole('group', { name: 'Health', exact: true })
    await health.getByText('degraded').waitFor()
    await health.getByText(/^\d+ jobs? failed in the last 24 hours$/).waitFor()
  })

  it('starts one export if the user repeats a request whose answer was lost', async () => {
    const { page } = test
    await test.show('export')
    const keys: unknown[] = []
    await page.route('**/_backup/export', async (route) => {
      keys.push(route.request().headers()['idempotency-key'])
      const response = await route.fetch()
      await (keys.length === 1 ? route.abort() : route.fulfill({ response }))
    })
    const start = page.getByRole('button', { name: 'Start the export' })
    const before = (await listJobs(test)).length
    await start.click()
    await page.getByRole('alert').getByText('The program does not answer.').waitFor()
    expect(test.takeErrors()).toEqual([expect.stringContaining('net::ERR_FAILED')])
    await start.click()
    await page.waitForURL(/#\/jobs\//)
    await page.unroute('**/_backup/export')
    expect(keys).toEqual([expect.stringMatching(/^page-[\w-]{36}$/), keys[0]])
    expect(await listJobs(test)).toHaveLength(before + 1)
    await test.expectStatus('succeeded')
  })

  it('shows the problem of a request that the API rejects', async () => {
    const { page } = test
    test.expectedFailures = [/\/_backup\/export$/]
    await test.show('export')
    await page.getByLabel('Models').fill('planet')
    await page.getByRole('button', { name: 'Start the export' }).click()
    await page.getByRole('alert').getByText('The model is not registered').waitFor()
    await test.expectAccessible()
  })

  it('says which command restores a file that is too large for the page', async () => {
    const { page } = test
    await test.show('restore')
    const large = {
      name: 'large.acbak',
      mimeType: 'application/octet-stream',
      buffer: Buffer.alloc(4 * 1024 * 1024 + 1),
    }
    await page.getByLabel('Archive of at most 4 MiB').setInputFiles(large)
    await page.getByRole('alert').getByText('specstar-backup restore large.acbak').waitFor()
    await test.expectAccessible()
  })
})
