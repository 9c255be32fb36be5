import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { seedStore } from '../../infra/local/seed/seed-store.ts'
import type { PageTest } from './page-test.ts'

/** The numbers of resources in the seeded store. */
export const CITIES = 300
export const COUNTRIES = 250

/** Writes the sample data to the store. */
export const seed = (test: PageTest): Promise<unknown> => seedStore(test.stores, () => undefined, CITIES)

/** Returns the ids and statuses of all jobs. */
export const listJobs = async (test: PageTest): Promise<string[]> => {
  const response = await fetch(`${test.program.url}/_backup/jobs?limit=200`)
  const { jobs } = (await response.json()) as { jobs: { job_id: string; status: string }[] }
  return jobs.map(({ job_id, status }) => `${job_id} ${status}`)
}

/** Starts an export of everything through the page, and returns its job id. */
export const exportAll = async (test: PageTest): Promise<string> => {
  const { page } = test
  await test.show('export')
  await page.getByRole('button', { name: 'Start the export' }).click()
  await page.waitForURL(/#\/jobs\//)
  await test.expectStatus('succeeded')
  return page.url().split('/').at(-1) ?? ''
}

/** Opens the view that restores the archive of the shown job, and compares the archive with the store. */
export const compare = async ({ page }: PageTest): Promise<void> => {
  await page.getByRole('link', { name: 'Restore…' }).first().click()
  await page.getByRole('button', { name: 'Compare with the store' }).click()
  await page.getByRole('heading', { name: 'Differences between the archive and the store' }).waitFor()
}

/** Exports everything, restores a damaged copy of the archive, and shows the failed job. */
export const restoreDamagedArchive = async (test: PageTest): Promise<void> => {
  const { s3, config } = test.stores
  const jobId = await exportAll(test)
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
}

/** Runs the schedule `nightly` through the page, and shows its job. */
export const runNightly = async (test: PageTest): Promise<void> => {
  const { page } = test
  await test.show('schedules')
  const nightly = page.getByRole('listitem').filter({ hasText: 'nightly' }).first()
  await nightly.getByRole('button', { name: 'Run now' }).click()
  await page.waitForURL(/#\/jobs\//)
  await test.expectStatus('succeeded')
}

/** Rejects the suspicious archive of the shown job. */
export const rejectArchive = async ({ page }: PageTest): Promise<void> => {
  await page.getByRole('button', { name: 'Reject the archive' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click()
  await page.getByText('It was rejected.').waitFor()
}
