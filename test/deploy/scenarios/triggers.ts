import { CreateBucketCommand, GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { type StoreContents, readContents, stableContents, wipe } from '../../contents.ts'
import { sampleStore, writeToStore } from '../../workflows/sample-store.ts'
import { findLogMessages } from '../aws/logs.ts'
import type { DeployTest } from '../deploy-test.ts'
import type { Deployment } from '../deployment.ts'
import { SETTINGS } from '../settings.ts'
import { Job } from '../api-client.ts'

const POLL_MS = 1_000

const Exported = z.object({ archive: z.object({ bucket: z.string(), key: z.string() }) })
const Jobs = z.object({ jobs: z.array(Job) })

/** Everything that starts functions, except the API and the workflows. */
export const triggers = (test: () => DeployTest): void => {
  let before: StoreContents

  beforeAll(async () => {
    const { main, models } = test()
    await wipe(main.clients)
    await writeToStore(main.clients, sampleStore(models))
    before = await readContents(main.clients)
  })

  it('exports the store at the time of a schedule', async () => {
    expect(await scheduledExport(test().main)).toMatchObject({
      status: 'succeeded',
      source: 'schedule',
      requested_by: 'schedule:nightly',
      result: { complete: true },
    })
  })

  it('pauses, resumes and runs a schedule, and lists its state', async () => {
    const api = await test().main.api()
    const by = expect.stringContaining('user/operator') as string
    const list = () => api.request('GET', '/_backup/schedules')
    const pause = await api.request('POST', '/_backup/schedules/nightly/pause', { days: 1 })
    expect(pause).toMatchObject({ status: 200, body: { name: 'nightly', by } })
    expect(await list()).toMatchObject({ body: { schedules: [{ name: 'nightly', paused: { by } }] } })
    const resumed = await api.request('POST', '/_backup/schedules/nightly/resume')
    expect(resumed).toMatchObject({ status: 200, body: { name: 'nightly', last: { status: 'succeeded' } } })
    const run = await api.run('POST', '/_backup/schedules/nightly/run')
    expect(run).toMatchObject({ status: 'succeeded', source: 'schedule', requested_by: by })
    expect(await list()).toMatchObject({
      body: { schedules: [{ overdue: false, last: { job_id: run.job_id, judgement: 'good' } }] },
    })
    expect(await api.request('GET', '/_backup/health')).toMatchObject({
      status: 200,
      body: { checks: { schedules: { status: 'ok', paused: [] } } },
    })
  })

  it('marks a scheduled archive that contains much less than the last one, until a caller confirms it', async () => {
    const { main } = test()
    await wipe(main.clients)
    const { job_id, ...job } = await scheduledExport(main)
    expect(job).toMatchObject({ status: 'succeeded', result: { suspicious: { resources: 0 } } })
    const api = await main.api()
    const confirm = { job_id, resources: 0 }
    expect(await api.request('POST', '/_backup/schedules/nightly/confirm', confirm)).toMatchObject({
      status: 200,
      body: { decision: 'confirmed', by: expect.stringContaining('user/operator') as string },
    })
    await writeToStore(main.clients, sampleStore(test().models))
  })

  it('copies the archives of a schedule to another bucket, and checks the copies', async () => {
    const { main } = test()
    await main.clients.s3.send(new CreateBucketCommand({ Bucket: SETTINGS.copy_archives_to.bucket }))
    await runHousekeeping(main, 'CopyArchives', 'copy-archives', '"message":"copied"')
    const api = await main.api()
    for (const job_id of await scheduledJobs(main)) {
      const { body } = await api.request('GET', `/_backup/jobs/${job_id}`)
      expect(body).toMatchObject({ result: { copy: { state: 'copied', bucket: SETTINGS.copy_archives_to.bucket } } })
    }
  })

  it('restores an archive that was uploaded to the restore bucket, and writes the report next to it', async () => {
    const { main } = test()
    const { s3, config } = main.clients
    const exported = await (await main.api()).run('GET', '/_backup/export')
    const { archive } = Exported.parse(exported['result'])
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: archive.bucket, Key: archive.key }))
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
    await wipe(main.clients)
    const Key = 'overwrite/_all/uploaded file+1.acbak'
    await s3.send(new PutObjectCommand({ Bucket: config.buckets.restores, Key, Body: bytes }))
    expect(await reportOf(main, Key)).toMatchObject({ passed: true, status: 'succeeded' })
    expect(stableContents(await readContents(main.clients))).toEqual(stableContents(before))
  })

  it('checks the schedules, and reports no overdue schedule', async () => {
    const messages = await runHousekeeping(test().main, 'CheckSchedules', 'check-schedules', '"ScheduleOverdue":')
    expect(messages[0]).toContain('"ScheduleOverdue":0')
  })

  it('prunes archives and uploads', async () => {
    const messages = await runHousekeeping(test().main, 'Prune', 'prune', '"message":"pruned"')
    expect(messages[0]).toContain('nightly')
  })
}

/** Starts the export of the schedule at its time, and waits until it has ended. */
const scheduledExport = async (main: Deployment): Promise<Job> => {
  const api = await main.api()
  const earlier = await scheduledJobs(main)
  await main.scheduler.runNow('nightly')
  for (;;) {
    const started = (await scheduledJobs(main)).find((id) => !earlier.includes(id))
    if (started !== undefined) return api.ended(started)
    await sleep(POLL_MS)
  }
}

/** Returns the ids of the jobs of the schedule. */
const scheduledJobs = async (main: Deployment): Promise<string[]> =>
  Jobs.parse((await (await main.api()).request('GET', '/_backup/jobs')).body)
    .jobs.map(({ job_id }) => job_id)
    .filter((id) => id.startsWith('s-nightly-'))

/** Waits for the final report of an upload. */
const reportOf = async ({ clients: { s3, config } }: Deployment, key: string): Promise<unknown> => {
  for (;;) {
    try {
      const Key = `${key}.report.json`
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: config.buckets.restores, Key }))
      const report: unknown = JSON.parse((await Body?.transformToString()) ?? '')
      if (z.object({ passed: z.boolean() }).safeParse(report).success) return report
    } catch (error) {
      if (!(error instanceof NoSuchKey)) throw error
    }
    await sleep(POLL_MS)
  }
}

/** Starts a function at the time of its schedule, and returns its log messages that contain `text`. */
const runHousekeeping = async (
  { name, requests, scheduler }: Deployment,
  schedule: string,
  functionOf: string,
  text: string,
): Promise<string[]> => {
  const from = Date.now()
  const found = (await scheduler.names()).find((known) => known.includes(schedule))
  if (found === undefined) throw new Error(`no schedule has a name that contains ${schedule}`)
  await scheduler.runNow(found)
  for (;;) {
    const messages = await findLogMessages(requests, { functionName: `${name}-${functionOf}`, from, text })
    if (messages.length > 0) return messages
    await sleep(POLL_MS)
  }
}
