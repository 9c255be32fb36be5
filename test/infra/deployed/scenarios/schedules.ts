import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, it } from 'vitest'
import { wipe } from '../../../contents.ts'
import { writeToStore } from '../../../workflows/sample-store.ts'
import { CONTENT, type DeployedTest } from '../deployed-test.ts'

/** The functions and routes of schedules. */
export const schedules = (test: DeployedTest): void => {
  it('exports by schedule, detects overdue schedules and deletes old archives', async () => {
    await wipe(test.clients)
    await writeToStore(test.clients, CONTENT)
    for (const day of ['01', '02'])
      await test.api.invoke('start-scheduled', { schedule: 'nightly', at: `2026-01-${day}T03:00:00Z` })
    for (const name of test.deployment.aws.started) await test.deployment.ended(name)
    expect(await test.api.invoke('prune', {})).toMatchObject([{ deleted: [expect.stringContaining('20260101')] }])
    const seen = { pk: { S: `schedule#nightly#${JSON.stringify({ cron: '0 3 * * ? *' })}` }, sk: { S: 'seen' } }
    const check = () => test.api.invoke('check-schedules', {})
    expect(await check()).toMatchObject([{ schedule: 'nightly', overdue: false }])
    const { dynamo, config } = test.clients
    const Item = { ...seen, at: { S: '2026-01-01T00:00:00.000Z' } }
    await dynamo.send(new PutItemCommand({ TableName: config.tables.jobs, Item }))
    expect(await check()).toMatchObject([{ overdue: true, last_good_at: '2026-01-02T03:00:00.000Z' }])
    expect(await test.api.invoke('copy-archives', {})).toEqual([])
  })

  it('lists, pauses, resumes and runs schedules', async () => {
    const list = () => test.api.request('GET', '/_backup/schedules')
    expect(await list()).toMatchObject({ body: { schedules: [{ name: 'nightly', overdue: true }] } })
    expect(await test.api.request('POST', '/_backup/schedules/nightly/pause', { days: 2 })).toMatchObject({
      status: 200,
    })
    await test.api.invoke('start-scheduled', { schedule: 'nightly', at: new Date().toISOString() })
    expect(await list()).toMatchObject({ body: { schedules: [{ paused: {}, last_skipped: {} }] } })
    const resumed = await test.api.request('POST', '/_backup/schedules/nightly/resume')
    expect(resumed).toMatchObject({ status: 200, body: { name: 'nightly', last_good_at: '2026-01-02T03:00:00.000Z' } })
    expect(resumed.body).not.toHaveProperty('paused')
    const run = await test.api.request('POST', '/_backup/schedules/nightly/run?wait=25')
    expect(run).toMatchObject({ status: 200, body: { status: 'succeeded' } })
    expect(await list()).toMatchObject({
      body: { schedules: [{ overdue: false, last: { job_id: run.body.job_id, judgement: 'good' } }] },
    })
    expect(await test.api.request('GET', '/_backup/health')).toMatchObject({
      status: 200,
      body: { status: 'degraded', checks: { schedules: { total: 1, overdue: [] }, throttling: { status: 'ok' } } },
    })
    // The next test expects an archive of January to be the newest one.
    const { bucket, key } = run.body['archive'] as { bucket: string; key: string }
    await test.clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
    const Key = { pk: { S: 'schedule#nightly' }, sk: { S: `archive#${key}` } }
    await test.clients.dynamo.send(new DeleteItemCommand({ TableName: test.clients.config.tables.jobs, Key }))
  })

  it('marks a suspicious archive, deletes nothing until a caller decides, and judges archives without a judgement', async () => {
    const bucket = test.clients.config.buckets.archives
    const archiveOf = (day: string): string => `scheduled/nightly/2026/01/${day}/s-nightly-202601${day}T030000Z.acbak`
    await wipe(test.clients)
    await test.api.invoke('start-scheduled', { schedule: 'nightly', at: '2026-01-03T03:00:00Z' })
    await test.deployment.ended('s-nightly-20260103T030000Z')
    await test.expectEvent('s-nightly-20260103T030000Z', 'Export Suspicious', { suspicious: { resources: 0 } })
    expect(await test.api.invoke('prune', {})).toMatchObject([
      { deleted: [], stopped_by: ['s-nightly-20260103T030000Z'] },
    ])
    expect(await test.api.request('GET', '/_backup/prune')).toMatchObject({
      status: 200,
      body: {
        objects: [
          { action: 'keep', state: 'good' },
          { action: 'keep', state: 'suspicious' },
        ],
      },
    })
    const decision = { job_id: 's-nightly-20260103T030000Z', resources: 0 }
    expect(await test.api.request('POST', '/_backup/schedules/nightly/confirm', decision)).toMatchObject({
      status: 200,
    })
    expect(await test.api.request('GET', `/_backup/jobs/${decision.job_id}`)).toMatchObject({
      body: { result: { suspicious: { decision: { decision: 'confirmed' } } } },
    })
    // An earlier version stored no judgements.
    const Body = await test.api.getObject(archiveOf('03'), bucket)
    for (const [day, judge] of [
      ['04', () => test.api.invoke('prune', {})],
      ['05', () => test.api.invoke('check-schedules', {})],
      [
        '06',
        () =>
          test.api.request('POST', '/_backup/schedules/nightly/confirm', {
            ...decision,
            job_id: 's-nightly-20260106T030000Z',
          }),
      ],
    ] as const) {
      await test.clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: archiveOf(day), Body }))
      await judge()
    }
  })
}
