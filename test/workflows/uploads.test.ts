import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { reportKey } from '../../shared/restore/upload-report.ts'
import { Catalogue, UploadReport } from './catalogue.ts'
import { fixture } from './program.ts'

const Job = z.object({ job_id: z.string(), status: z.string(), ended_at: z.string().optional() })

let test: Catalogue
let bytes: Buffer
beforeAll(async () => {
  bytes = await fixture('catalogue-v3.acbak')
  test = (await Catalogue.open({ scope: 'guild' })).test
})
afterAll(() => test.stop())

/** Uploads an archive. Returns the ETag and the version of the object. */
const upload = async (key: string, content = bytes) => {
  const { restores } = test.config.buckets
  await test.putObject(key, content, restores)
  const { ETag = '', VersionId = '' } = await test.s3.send(new HeadObjectCommand({ Bucket: restores, Key: key }))
  return { etag: ETag.replaceAll('"', ''), version_id: VersionId }
}
const currentReport = async (key: string): Promise<UploadReport | undefined> => {
  const report = await test.program.services.objects.getJson(test.config.buckets.restores, reportKey(key))
  return report === undefined ? undefined : UploadReport.parse(report)
}
/** Waits for a report that describes this state of the upload. */
const reportOf = async (key: string, { version_id }: { version_id: string }, status: string): Promise<UploadReport> => {
  for (;;) {
    const report = await currentReport(key)
    if (report?.archive.version_id === version_id && report.status === status) return report
    await sleep(20)
  }
}
const jobOf = async ({ job_id = '' }: UploadReport) =>
  Job.parse((await test.request('GET', `/_backup/jobs/${job_id}`)).body)

/**
 * Takes the lease of model `guild` for another job. The restore of an earlier test may still hold it, because a restore
 * releases its lease after it has written its report.
 */
const takeLease = () => vi.waitFor(() => test.program.services.leases.take('guild', 'another restore'), 10_000)

describe('the report next to an upload', () => {
  it('describes the object that was uploaded last, after the restore of an earlier one', async () => {
    const key = 'overwrite/guild/again.acbak'
    const first = await upload(key)
    const passed = await test.waitForReport(key)
    expect(passed).toMatchObject({ status: 'succeeded', passed: true, archive: first })
    const second = await upload(key, Buffer.from('not an archive'))
    const failed = await reportOf(key, second, 'failed')
    expect(failed).toMatchObject({ passed: false, archive: second, error: { type: 'not-an-archive' } })
    expect(failed.job_id).not.toBe(passed.job_id)
  })

  it('is never that of an earlier object whose restore ends later', async () => {
    const key = 'overwrite/guild/during.acbak'
    const lease = await takeLease()
    const first = await upload(key)
    const waiting = await reportOf(key, first, 'queued')
    expect(waiting).not.toHaveProperty('passed')
    const second = await upload(key, Buffer.from('not an archive'))
    await reportOf(key, second, 'failed')
    await lease.free()
    expect(await test.waitForEnd(waiting.job_id ?? '')).toMatchObject({ status: 'succeeded' })
    expect(await currentReport(key)).toMatchObject({ passed: false, archive: second })
    const own = await test.request('GET', `/_backup/jobs/${waiting.job_id ?? ''}/report`)
    expect(own.body).toMatchObject({ passed: true, archive: first })
  })

  it('says that the restore was cancelled', async () => {
    const key = 'overwrite/guild/cancelled.acbak'
    const lease = await takeLease()
    const state = await upload(key)
    const { job_id = '' } = await reportOf(key, state, 'queued')
    expect((await test.request('POST', `/_backup/jobs/${job_id}/cancel`)).status).toBe(200)
    expect(await test.waitForReport(key)).toMatchObject({ status: 'cancelled', passed: false, job_id, archive: state })
    await lease.free()
  })

  it('has a shorter key if its own key would be too long', async () => {
    const key = `overwrite/guild/${'é'.repeat(500)}.acbak`
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024)
    expect(reportKey(key)).toMatch(/^_reports\/[0-9a-f]{64}\.report\.json$/)
    const state = await upload(key)
    expect(await reportOf(key, state, 'succeeded')).toMatchObject({ passed: true, archive: { key } })
  })
})

describe('uploads for a model that is being restored', () => {
  it('wait, and are restored in the order of their arrival, while requests for the model are rejected', async () => {
    const lease = await takeLease()
    const keys = ['overwrite/guild/1.acbak', 'overwrite/_all/2.acbak', 'overwrite/guild/3.acbak']
    const reports: UploadReport[] = []
    for (const key of keys) reports.push(await reportOf(key, await upload(key), 'queued'))
    await sleep(1_500)
    for (const report of reports) expect(await jobOf(report)).toMatchObject({ status: 'queued' })
    expect(await test.restore('guild')).toMatchObject({ status: 409, body: { type: 'restore-running' } })
    await lease.free()
    const ends: string[] = []
    for (const { job_id = '' } of reports) {
      const job = Job.parse(await test.waitForEnd(job_id))
      expect(job.status).toBe('succeeded')
      ends.push(job.ended_at ?? '')
    }
    expect(ends).toEqual(ends.toSorted())
    for (const key of keys) expect(await test.waitForReport(key)).toMatchObject({ passed: true })
  })

  it('do not delay uploads for other models', async () => {
    const lease = await takeLease()
    const waiting = await reportOf('overwrite/guild/w.acbak', await upload('overwrite/guild/w.acbak'), 'queued')
    const other = 'overwrite/item/o.acbak'
    expect(await reportOf(other, await upload(other), 'succeeded')).toMatchObject({ passed: true })
    expect(await jobOf(waiting)).toMatchObject({ status: 'queued' })
    await lease.free()
    expect(await test.waitForReport('overwrite/guild/w.acbak')).toMatchObject({ passed: true })
  })
})
