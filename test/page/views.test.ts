import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { PageTest } from './page-test.ts'
import { compare, exportAll, rejectArchive, restoreDamagedArchive, runNightly, seed } from './steps.ts'

let test: PageTest
beforeAll(async () => {
  test = await PageTest.start()
  // The views show archives and jobs of all kinds.
  await seed(test)
  await exportAll(test)
  await wipe(test.stores)
  await compare(test)
  await test.page.getByRole('button', { name: /^Restore \d+ resources$/ }).click()
  await test.page.getByText('Proved: what was restored').waitFor()
  await restoreDamagedArchive(test)
  await runNightly(test)
  await wipe(test.stores)
  await runNightly(test)
  await rejectArchive(test)
  await seed(test)
  await exportAll(test)
})
afterAll(() => test.stop())
afterEach(() => {
  expect(test.takeErrors()).toEqual([])
  test.expectedFailures = []
})

describe('the page without a mouse', () => {
  it('can be used with the keyboard only', async () => {
    const { page } = test
    await test.show('overview')
    // The focus begins at the start of the document.
    await page.reload()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    const focused = () => page.evaluate<string>("document.activeElement?.textContent?.trim() ?? ''")
    const tabTo = async (name: string): Promise<void> => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab')
        if ((await focused()) === name) return
      }
      throw new Error(`the Tab key does not reach ${name}`)
    }
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    expect(await focused()).toBe('Overview')
    await page.reload()
    await tabTo('New export')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'New export' }).waitFor()
    // A screen reader announces the heading of the new view.
    expect(await focused()).toBe('New export')
    await tabTo('Start the export')
    await page.keyboard.press('Enter')
    await page.waitForURL(/#\/jobs\//)
    await test.expectStatus('succeeded')
    await tabTo('Restore…')
    await page.keyboard.press('Enter')
    await tabTo('Compare with the store')
    await page.keyboard.press('Enter')
    await page.getByText('The store and the archive are equal.').waitFor()
  })
})

describe('every view', () => {
  const VIEWS = ['overview', 'jobs', 'archives', 'schedules', 'export', 'restore', 'nothing', 'constructor', 'toString']
  const LOOKS = [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
    ['narrow-dark', { colorScheme: 'dark', viewport: { width: 360, height: 740 } }],
  ] as const

  it.each(LOOKS)('is accessible and fits its window: %s', async (look, options) => {
    const page = await test.open({ reducedMotion: 'reduce', ...options })
    for (const view of VIEWS) {
      await test.show(view, page)
      await test.expectAccessible(page)
      await test.screenshot(`${view}-${look}`, page)
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      expect(`${view}: ${overflow}`).toBe(`${view}: 0`)
    }
    await page.close()
  })
})
