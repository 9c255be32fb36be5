import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { damageBlob, damageRevision } from '../../infra/local/demo/damage.ts'
import { seedStore } from '../../infra/local/seed/seed-store.ts'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { LOCAL_CREDENTIALS } from '../../shared/runtime/local-credentials.ts'
import { changeCity, firstBlob, firstRevision, slowDown } from './store.ts'
import { serveForeignPage } from './foreign-page.ts'
import { PageTest, REBOUND_HOST } from './page-test.ts'

const CITIES = 300
const COUNTRIES = 250

let test: PageTest
beforeAll(async () => {
  test = await PageTest.start()
})
afterAll(() => test.stop())
afterEach(() => {
  expect(test.takeErrors()).toEqual([])
  test.expectedFailures = []
})

const seed = () => seedStore(test.stores, () => undefined, CITIES)

/** Returns the ids and statuses of all jobs. */
const listJobs = async (): Promise<string[]> => {
  const response = await fetch(`${test.program.url}/_backup/jobs?limit=200`)
  const { jobs } = (await response.json()) as { jobs: { job_id: string; status: string }[] }
  return jobs.map(({ job_id, status }) => `${job_id} ${status}`)
}

/** Starts an export of everything through the page, and returns its job id. */
const exportAll = async (): Promise<string> => {
  const { page } = test
  await test.show('export')
  await page.getByRole('button', { name: 'Start the export' }).click()
  await page.waitForURL(/#\/jobs\//)
  await test.expectStatus('succeeded')
  return page.url().split('/').at(-1) ?? ''
}

/** Opens the view that restores the archive of the shown job, and compares the archive with the store. */
const compare = async (): Promise<void> => {
  const { page } = test
  await page.getByRole('link', { name: 'Restore…' }).first().click()
  await page.getByRole('button', { name: 'Compare with the store' }).click()
  await page.getByRole('heading', { name: 'Differences between the archive and the store' }).waitFor()
}

describe('the page', () => {
  it('invites to a first export if there is nothing yet', async () => {
    await test.show('overview')
    await test.page.getByRole('link', { name: 'Start the first export' }).waitFor()
    await test.expectAccessible()
    await test.screenshot('empty')
  })

  it('exports the store, restores it after a loss, and says that the restore is proved', async () => {
    const { page } = test
    await seed()
    await exportAll()
    await page.getByRole('row', { name: `city ${CITIES}` }).waitFor()
    await page.getByRole('row', { name: `country ${COUNTRIES}` }).waitFor()
    await test.screenshot('export')
    await wipe(test.stores)
    await compare()
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
    await compare()
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
    await compare()
    await page.getByText('The store and the archive are equal.').waitFor()
  })

  it('shows which fields of a changed resource differ, with both values', async () => {
    const { page, stores } = test
    const { id } = await changeCity(stores)
    await test.show('archives')
    await compare()
    await page.getByText(`city / ${id}`).waitFor()
    const field = page.getByRole('row', { name: 'metadata.updated_by' })
    await field.getByText('"somebody else"').waitFor()
    await test.expectAccessible()
    await test.screenshot('fields')
    await page.getByRole('button', { name: 'Restore 1 resource' }).click()
    await page.getByText('Proved: what was restored').waitFor()
    await test.show('archives')
    await compare()
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
    await compare()
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

  it('shows which checks of a restore failed, and what differs', async () => {
    const { page, stores } = test
    const { tables, buckets } = stores.config
    await exportAll()
    await wipe(stores)
    await compare()
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
    await expect.poll(() => firstRevision(stores, 'city').catch(() => undefined)).toBeDefined()
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
    await seed()
  })

  it('says why a restore failed', async () => {
    const { page, stores } = test
    const { s3, config } = stores
    const jobId = await exportAll()
    const job = (await (await fetch(`${test.program.url}/_backup/jobs/${jobId}`)).json()) as {
      readonly result: { readonly archive: { readonly bucket: string; readonly key: string } }
    }
    const { archive } = job.result
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: archive.bucket, Key: archive.key }))
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? [])
    const middle = Math.floor(bytes.length / 2)
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
    await s3.send(new PutObjectCommand({ Bucket: config.buckets.archives, Key: 'exports/damaged.acbak', Body: bytes }))
    const request = await fetch(`${test.program.url}/_backup/import?wait=20`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from: { bucket: archive.bucket, key: 'exports/damaged.acbak' } }),
    })
    const { instance } = (await request.json()) as { readonly instance: string }
    await test.show(`jobs/${instance.split('/').at(-1) ?? ''}`)
    await test.expectStatus('failed')
    await page.getByText('entry-corrupt').waitFor()
    await page.getByText('The store has not changed.').waitFor()
    await test.screenshot('failed-restore')
    await test.expectAccessible()
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

  it('runs a schedule, and lets the user decide about a suspicious archive', async () => {
    const { page } = test
    const run = async (): Promise<void> => {
      await test.show('schedules')
      const nightly = page.getByRole('listitem').filter({ hasText: 'nightly' }).first()
      await nightly.getByRole('button', { name: 'Run now' }).click()
      await page.waitForURL(/#\/jobs\//)
      await test.expectStatus('succeeded')
    }
    await run()
    await wipe(test.stores)
    await run()
    await page.getByText('This archive is suspicious:').waitFor()
    await test.expectAccessible()
    await test.screenshot('suspicious')
    await page.getByRole('button', { name: 'Reject the archive' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click()
    await page.getByText('It was rejected.').waitFor()
    await test.show('archives')
    await expect.poll(() => page.locator('.bar-of.fallen, .bar-of.suspicious').count()).toBeGreaterThan(0)
    await test.screenshot('archives')
    await seed()
    await exportAll()
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
    const before = (await listJobs()).length
    await start.click()
    await page.getByRole('alert').getByText('The program does not answer.').waitFor()
    expect(test.takeErrors()).toEqual([expect.stringContaining('net::ERR_FAILED')])
    await start.click()
    await page.waitForURL(/#\/jobs\//)
    await page.unroute('**/_backup/export')
    expect(keys).toEqual([expect.stringMatching(/^page-[\w-]{36}$/), keys[0]])
    expect(await listJobs()).toHaveLength(before + 1)
    await test.expectStatus('succeeded')
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

  it('shows the health of the deployment', async () => {
    const { page } = test
    await test.show('overview')
    const health = page.getByRole('group', { name: 'Health', exact: true })
    await health.getByText('degraded').waitFor()
    await health.getByText(/^\d+ jobs? failed in the last 24 hours$/).waitFor()
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

describe('a page of another site, in a real browser', () => {
  /** Returns a client that signs with the public key of the local S3 service, for any name of it. */
  const forged = (name: string): S3Client => {
    const { port } = new URL(test.s3Url)
    const endpoint = `http://${name}:${port}`
    return new S3Client({ endpoint, region: 'us-east-1', credentials: { ...LOCAL_CREDENTIALS }, forcePathStyle: true })
  }
  const object = async () => ({ Bucket: test.stores.config.buckets.blobs, Key: await firstBlob(test.stores) })

  it('can neither start, cancel nor read anything', async () => {
    // A job that a cancellation would end: it waits for an upload.
    const slot = await fetch(`${test.program.url}/_backup/import`, { method: 'POST' })
    const { job_id } = (await slot.json()) as { readonly job_id: string }
    const before = await listJobs()
    expect(before).toContain(`${job_id} awaiting_upload`)
    const { Bucket, Key } = await object()
    const Delete = { Objects: [{ Key }] }
    const foreign = await serveForeignPage({
      target: test.program.url,
      jobId: job_id,
      s3: {
        get: await getSignedUrl(forged('127.0.0.1'), new GetObjectCommand({ Bucket, Key })),
        remove: await getSignedUrl(forged('127.0.0.1'), new DeleteObjectsCommand({ Bucket, Delete })),
        limits: `${test.s3Url}/-/limits`,
      },
    })
    const page = await test.openForeign()
    const answered: string[] = []
    page.on('response', (response) => {
      if ([test.program.url, test.s3Url].some((url) => response.url().startsWith(url)))
        answered.push(`${response.request().method()} ${response.status()}`)
    })
    await page.goto(foreign.url)
    const read = await page.evaluate<string[]>('window.read')
    expect(read).toEqual(read.map(() => ''))
    expect(read).toHaveLength(10)
    await expect.poll(() => answered.filter((one) => one === 'POST 403').length).toBeGreaterThanOrEqual(11)
    expect(answered).toContain('GET 403')
    expect(answered.filter((one) => !one.endsWith(' 403'))).toEqual([])
    expect(await listJobs()).toEqual(before)
    await page.close()
    foreign.stop()
  })

  it('can neither read nor start anything by DNS rebinding', async () => {
    const before = await listJobs()
    const page = await test.openForeign()
    const { port } = new URL(test.program.url)
    for (const path of ['/_backup', '/_backup/jobs', '/_backup/export?wait=0', '/country/export?wait=0']) {
      const response = await page.goto(`http://${REBOUND_HOST}:${port}${path}`)
      expect(response?.status()).toBe(403)
    }
    const started = await page.evaluate<number>(
      "fetch('/_backup/export', { method: 'POST' }).then((one) => one.status)",
    )
    expect(started).toBe(403)
    for (const url of [
      await getSignedUrl(forged(REBOUND_HOST), new ListBucketsCommand()),
      await getSignedUrl(forged(REBOUND_HOST), new GetObjectCommand(await object())),
      `http://${REBOUND_HOST}:${new URL(test.s3Url).port}/-/limits`,
    ])
      expect((await page.goto(url))?.status()).toBe(403)
    expect(await listJobs()).toEqual(before)
    await page.close()
  })
})
