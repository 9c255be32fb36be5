import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { PageTest } from './page-test.ts'
import { exportAll, rejectArchive, runNightly, seed } from './steps.ts'

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

describe('schedules and archives on the page', () => {
  it('runs a schedule, and lets the user decide about a suspicious archive', async () => {
    const { page } = test
    await runNightly(test)
    await wipe(test.stores)
    await runNightly(test)
    await page.getByText('This archive is suspicious:').waitFor()
    await test.expectAccessible()
    await test.screenshot('suspicious')
    await rejectArchive(test)
    await test.show('archives')
    await expect.poll(() => page.locator('.bar-of.fallen, .bar-of.suspicious').count()).toBeGreaterThan(0)
    await test.screenshot('archives')
    await seed(test)
    await exportAll(test)
  })

  it('pauses and resumes a schedule', async () => {
    const { page } = test
    await test.show('schedules')
    await page.getByRole('button', { name: 'Pause' }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Pause for 7 days' }).click()
    await page.getByText('Paused by local until').waitFor()
    await test.expectAccessible()
    await test.screenshot('schedules')
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('Paused by local until').waitFor({ state: 'detached' })
  })

  it('downloads an archive from S3', async () => {
    const { page } = test
    await test.show('archives')
    const downloading = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download' }).first().click()
    const download = await downloading
    expect(await download.failure()).toBeNull()
    expect(download.url().startsWith(`${test.s3Url}/`)).toBe(true)
  })

  it('opens the jobs of the bars with the keyboard', async () => {
    const { page } = test
    await test.show('archives')
    const row = page.locator('svg.bars').first()
    const bars = row.locator('a')
    await bars.first().waitFor()
    const last = (await bars.count()) - 1
    expect(await row.locator('a[tabindex="0"]').count()).toBe(1)
    const focused = () =>
      page.evaluate<number>(
        "[...document.querySelectorAll('svg.bars')[0].querySelectorAll('a')].indexOf(document.activeElement)",
      )
    for (let presses = 0; presses < 40 && (await focused()) < 0; presses++) await page.keyboard.press('Tab')
    expect(await focused()).toBe(last)
    await page.keyboard.press('ArrowLeft')
    expect(await focused()).toBe(last - 1)
    await page.keyboard.press('Home')
    expect(await focused()).toBe(0)
    await page.keyboard.press('Enter')
    await page.waitForURL(/#\/jobs\//)
  })

  it('shows all pages of a long list of archives', async () => {
    const { page } = test
    const [archive] = (
      (await (await fetch(`${test.program.url}/_backup/archives?limit=1`)).json()) as { archives: object[] }
    ).archives
    const PAGES: Readonly<Record<string, object>> = {
      '': { archives: [archive], cursor: 'second' },
      second: { archives: [], cursor: 'third' },
      third: { archives: [{ ...archive, key: 'the-oldest', schedule: 'oldest' }] },
    }
    await page.route('**/_backup/archives?*', (route) =>
      route.fulfill({ json: PAGES[new URL(route.request().url()).searchParams.get('cursor') ?? ''] }),
    )
    for (const [view, oldest] of [
      ['restore', page.getByRole('link', { name: 'oldest' })],
      ['archives', page.getByRole('cell', { name: 'oldest' })],
    ] as const) {
      await test.show(view)
      await page.getByRole('button', { name: 'Older' }).click()
      await page.getByText('No archive on this page.').waitFor()
      await page.getByRole('button', { name: 'Older' }).click()
      await oldest.waitFor()
      expect(await page.getByRole('button', { name: 'Older' }).isDisabled()).toBe(true)
      await page.getByRole('button', { name: 'Newer' }).click()
      await page.getByText('No archive on this page.').waitFor()
    }
    await page.unroute('**/_backup/archives?*')
  })
})
