import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { damageBlob, damageRevision } from '../../infra/local/demo/damage.ts'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { PageTest } from './page-test.ts'
import { CITIES, compare, COUNTRIES, exportAll, seed } from './steps.ts'
import { changeCity, firstBlob, firstRevision, slowDown } from './store.ts'

let test: PageTest
beforeAll(async () => {
  test = await PageTest.start()
})
afterAll(() => test.stop())
afterEach(() => {
  expect(test.takeErrors()).toEqual([])
  test.expectedFailures = []
})

// Each test continues with the store and the archives of the tests before it.
describe('the page', () => {
  it('invites to a first export if there is nothing yet', async () => {
    await test.show('overview')
    await test.page.getByRole('link', { name: 'Start the first export' }).waitFor()
    await test.expectAccessible()
    await test.screenshot('empty')
  })

  it('exports the store, restores it after a loss, and says that the restore is proved', async () => {
    const { page } = test
    await seed(test)
    await exportAll(test)
    await page.getByRole('row', { name: `city ${CITIES}` }).waitFor()
    await page.getByRole('row', { name: `country ${COUNTRIES}` }).waitFor()
    await test.screenshot('export')
    await wipe(test.stores)
    await compare(test)
    await page.getByRole('row', { name: `city ${CITIES} 0 0 0` }).waitFor()
    await test.screenshot('restore-after-loss')
    await page.getByRole('button', { name: `Restore ${CITIES + COUNTRIES} resources` }).click()
    await page.waitForURL(/#\/jobs\//)
    await page.getByText('Proved: what was restored was read back and equals the archive.').waitFor()
    await test.screenshot('restored')
    await test.expectAccessible()
  })

  it('shows damage before it is mended, and no differences after', async () => {
    const { page, stores } = test
    await damageBlob(stores.s3, stores.config.buckets.blobs, await firstBlob(stores))
    const { pk, sk, id } = await firstRevision(stores, 'city')
    await damageRevision(stores.dynamo, stores.config.tables.resources, pk, sk)
    await test.show('archives')
    await compare(test)
    await page.getByRole('row', { name: `city 0 1 ${CITIES - 1} 0` }).waitFor()
    await page.getByText('1 different').waitFor()
    await page.getByText(`city / ${id}`).waitFor()
    await page.getByRole('row', { name: /^payload.name "not / }).waitFor()
    await test.screenshot('differences')
    await test.expectAccessible()
    await page.getByRole('button', { name: 'Restore 1 resource' }).click()
    await page.waitForURL(/#\/jobs\//)
    await page.getByText('Proved: what was restored').waitFor()
    await test.show('archives')
    await compare(test)
    await page.getByText('The store and the archive are equal.').waitFor()
  })

  it('shows which fields of a changed resource differ, with both values', async () => {
    const { page, stores } = test
    const { id } = await changeCity(stores)
    await test.show('archives')
    await compare(test)
    await page.getByText(`city / ${id}`).waitFor()
    const field = page.getByRole('row', { name: 'metadata.updated_by' })
    await field.getByText('"somebody else"').waitFor()
    await test.expectAccessible()
    await test.screenshot('fields')
    await page.getByRole('button', { name: 'Restore 1 resource' }).click()
    await page.getByText('Proved: what was restored').waitFor()
    await test.show('archives')
    await compare(test)
    await page.getByText('The store and the archive are equal.').waitFor()
  })

  it('checks an archive, and shows which archives are checked and proved', async () => {
    const { page } = test
    await test.show('archives')
    await page.getByRole('cell', { name: /^restored/ }).waitFor()
    await page.getByRole('button', { name: 'Check' }).click()
    await page.waitForURL(/#\/jobs\//)
    await page.getByText('Every byte and every record of the archive is sound.').waitFor()
    await test.expectAccessible()
    await test.screenshot('check')
    await test.show('overview')
    await page.getByText('every check passed').waitFor()
    await test.show('archives')
    await compare(test)
    await page.getByText('The store and the archive are equal.').waitFor()
  })

  it('compares again after a change of the options, before it offers to restore', async () => {
    const { page } = test
    const offer = page.getByRole('button', { name: 'Restore anyway' })
    await offer.waitFor()
    await page.getByLabel('Keep').check()
    await offer.waitFor({ state: 'detached' })
    await page.getByLabel('Models', { exact: true }).selectOption('country')
    await page.getByLabel('Only these ids').fill('country:FR')
    await page.getByRole('button', { name: 'Compare with the store' }).click()
    await page.getByRole('row', { name: 'country 0 0 1' }).waitFor()
  })

  it('shows the progress of a running job, and cancels it', async () => {
    const { page } = test
    const restoreSpeed = await slowDown(test.stores)
    await test.show('export')
    await page.getByRole('button', { name: 'Start the export' }).click()
    await page.waitForURL(/#\/jobs\//)
    await test.expectStatus('running')
    await page.getByRole('progressbar').waitFor()
    await test.expectAccessible()
    await test.screenshot('running')
    await page.getByRole('button', { name: 'Cancel the job' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await test.expectAccessible()
    await dialog.getByRole('button', { name: 'Cancel the job' }).click()
    await test.expectStatus('cancelled')
    await restoreSpeed()
  })
})
