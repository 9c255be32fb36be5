import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Locator } from 'playwright-core'
import { seedStore } from '../../infra/local/seed/seed-store.ts'
import { PageTest } from './page-test.ts'

let test: PageTest
beforeAll(async () => {
  test = await PageTest.start()
})
afterAll(() => test.stop())
afterEach(async () => {
  await test.page.unrouteAll()
  expect(test.takeErrors()).toEqual([])
  test.expectedFailures = []
})

const card = (name: string): Locator => test.page.getByRole('group', { name, exact: true })
const PROBLEM = { type: 'access-denied', title: 'Access denied', status: 403, detail: 'no permission for this route' }

describe('the overview', () => {
  it('says that it does not know what it could not load', async () => {
    test.expectedFailures = [/\/_backup\/(archives|jobs|schedules)/]
    const { page } = test
    const failing = ['archives', 'jobs', 'schedules'].map((path) => new RegExp(`_backup/${path}`))
    const answer = Promise.withResolvers<undefined>()
    for (const path of failing)
      await page.route(path, async (route) => {
        await answer.promise
        await route.fulfill({ status: 403, json: PROBLEM })
      })
    await page.goto(`${test.program.url}/_backup#/overview`)
    const names = ['Last archive', 'Last proof by a restore', 'Last failure']
    for (const name of names) await card(name).getByText('…').waitFor()
    answer.resolve(undefined)
    for (const name of names) {
      await card(name).getByText('unknown').waitFor()
      await card(name).getByText(PROBLEM.detail).waitFor()
    }
    await card('Health').getByText('unknown whether the archives of schedules can be opened').waitFor()
    expect(await page.getByText(/none|nothing/i).count()).toBe(0)
    await test.expectAccessible()
  })

  it('says which archives the server has examined if none of them is good', async () => {
    const { page } = test
    const schedule = {
      name: 'hourly',
      rate: '1 hour',
      searched_until: new Date(Date.now() - 3 * 86_400_000).toISOString(),
    }
    const last = { job_id: 'j', status: 'succeeded', damaged: true }
    const late = { ...schedule, name: 'late', overdue: true }
    await page.route(/_backup\/schedules/, (route) =>
      route.fulfill({ json: { schedules: [{ ...schedule, last }, late] } }),
    )
    await test.show('overview')
    await page.reload()
    await page.getByText('It is unknown whether the schedule hourly is late.').waitFor()
    await page.getByText('The schedule late is late. It has had no good archive since 3 days ago.').waitFor()
    await card('Health').getByText('unknown whether late: hourly').waitFor()
    await test.show('schedules')
    await page.getByText('none since 3 days ago').first().waitFor()
    await page.getByText('unknown whether late').waitFor()
    await page.getByText('damaged or deleted').waitFor()
    await test.expectAccessible()
    await test.screenshot('unknown-schedules')
  })
})

describe('the list of jobs', () => {
  it('does not say that no job matches if only the search of the page has ended', async () => {
    const { page } = test
    await page.route(/_backup\/jobs\?/, (route) => {
      const isFirst = !new URL(route.request().url()).searchParams.has('cursor')
      return route.fulfill({ json: { jobs: [], ...(isFirst ? { cursor: 'c' } : {}) } })
    })
    await test.show('jobs')
    await page.getByText('No job on this page.').waitFor()
    await page.getByRole('button', { name: 'Older' }).click()
    await page.getByRole('button', { name: 'Older', disabled: true }).waitFor()
    await page.getByText('No job on this page.').waitFor()
    await page.unrouteAll()
    await test.show('overview')
    await test.show('jobs')
    await page.getByText('No job matches.').waitFor()
  })
})

describe('a list of archives', () => {
  it('shows a new archive, and a check whose result is recorded after the end of its job, while it is open', async () => {
    const { page, stores } = test
    await seedStore(stores, () => undefined, 20)
    await test.show('archives')
    await page.getByText('There is no archive yet.').waitFor()
    const post = async (path: string, body: object): Promise<void> => {
      const headers = { 'content-type': 'application/json' }
      await fetch(`${test.program.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    }
    await post('/_backup/export', {})
    await page.getByRole('cell', { name: 'request' }).waitFor()
    const response = await fetch(`${test.program.url}/_backup/archives`)
    const { archives } = (await response.json()) as { readonly archives: { bucket: string; key: string }[] }
    const { bucket, key } = archives[0] ?? { bucket: '', key: '' }
    // The jobs of the view that is opened again include the export, so only the check causes reloads.
    await test.show('overview')
    await test.show('archives')
    await page.getByRole('cell', { name: 'request' }).waitFor()
    const list = /_backup\/archives\?limit=50/
    const unchecked = await fetch(`${test.program.url}/_backup/archives?limit=50`).then((answer) => answer.text())
    await page.route(list, (route) => route.fulfill({ contentType: 'application/json', body: unchecked }), { times: 1 })
    await post('/_backup/check', { from: { bucket, key } })
    await page.waitForResponse(list)
    expect(await page.getByRole('cell', { name: /^checked/ }).count()).toBe(0)
    await page.getByRole('cell', { name: /^checked/ }).waitFor()
  })
})
