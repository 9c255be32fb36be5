import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterEach, expect, it, vi } from 'vitest'
import { DifferencesAnswer, differencesAnswer } from '../../functions/http/differences-answer.ts'
import type { JobEndedEvent } from '../../shared/jobs/job-events.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { findResource, nth } from './catalogue.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const events: JobEndedEvent[] = []
const runner = await startRunner({
  events: {
    ended: (event) => {
      events.push(event)
      return Promise.resolve()
    },
  },
})
afterEach(async () => {
  vi.restoreAllMocks()
  events.length = 0
  await runner.freeLeases()
  await runner.wipe()
})

/** The beginning of every value that must not be stored. */
const SECRET = 'S3CRET'

/** Collects what is written to the log from now on, at every level. */
const collectLog = (): (() => string) => {
  const spies = [
    ...[process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write')),
    ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name)),
  ]
  const level = logger.getLevelName()
  logger.setLogLevel('DEBUG')
  logger.debug(PROBE)
  return () => {
    logger.setLogLevel(level)
    const text = JSON.stringify(spies.map(({ mock }) => mock.calls))
    expect(text).toContain(PROBE)
    return text
  }
}
/** A message that shows that the log is collected. */
const PROBE = 'the log is collected'

/** Everything that a job has stored or published, by its place. */
const storedBy = async (jobId: string): Promise<ReadonlyMap<string, string>> => {
  const { config } = runner.clients
  const texts = new Map<string, string>()
  const { archives, restores, work } = config.buckets
  texts.set('the job', JSON.stringify(await runner.services.jobs.get(jobId)))
  texts.set('the stored problem', JSON.stringify((await runner.services.jobs.lastFailure(jobId)) ?? {}))
  texts.set('the events', JSON.stringify(events))
  for (const bucket of [archives, restores, work]) {
    const { Contents = [] } = await runner.clients.s3.send(new ListObjectsV2Command({ Bucket: bucket }))
    for (const { Key = '' } of Contents)
      if (/\.report\.json$|^reports\/|\/(?:differences|first-differences|check-results)/.test(Key))
        texts.set(Key, ((await runner.services.objects.getBytes(bucket, Key)) ?? Buffer.alloc(0)).toString('latin1'))
  }
  return texts
}

const city = (payload: object, meta = {}): ReturnType<typeof buildResource> =>
  buildResource(runner.services.models, { model: 'city', id: 'c', payloads: [{ name: 'x' }, payload], meta })

it('a failed restore stores, publishes and logs no value, and its differences show them to those who ask', async () => {
  const archived = city(
    { name: `${SECRET} name`, lat: 1.5, arms: { file_id: 'f' } },
    { created_by: `${SECRET} archived user` },
  )
  await writeToStore(runner.clients, combine(archived, buildBlobs({ f: Buffer.from('f') })))
  const { archive } = await runner.export(['city'])
  runner.beforeStage('plan-verify', async () => {
    const { metadata, revisions } = findResource(await runner.contents(), 'city', 'c')
    await runner.putItems(
      {
        ...metadata,
        created_by: { S: `${SECRET} user` },
        updated_time: { S: `${SECRET} time` },
        indexed_data: { S: `{"name":"${SECRET} index","lat":"${SECRET}"}` },
        note: { S: `${SECRET} note` },
      },
      { ...nth(revisions, 0), status: { S: `${SECRET} status` } },
    )
    await runner.services.objects.put(runner.clients.config.buckets.blobs, 'blobs/f', Buffer.from('f'), {
      metadata: { owner: `${SECRET} owner` },
    })
  })
  const log = collectLog()
  const job = await runner.restore(archive, { report_beside: { bucket: 'b', key: 'k' } })
  expect(job.error).toMatchObject({ type: 'verification-failed', checks: ['content', 'blobs', 'search'] })
  const report = await runner.readReport(job)
  expect(report?.checks.search.findings.map(({ what }) => what)).toEqual([
    'not found by updated_time_start, updated_time_end',
    'not found by created_bys',
    'indexed name',
    'indexed country',
    'indexed lat',
    'indexed lng',
  ])
  const texts = await storedBy(job.job_id)
  expect([...texts.keys()].filter((key) => key.endsWith('.report.json'))).toHaveLength(1)
  expect([...texts.keys()]).toContain(`reports/${job.job_id}.json`)
  expect(events).toMatchObject([{ job_id: expect.any(String) as unknown }, { job_id: job.job_id, status: 'failed' }])
  for (const [place, text] of texts) expect(text, place).not.toContain(SECRET)
  expect(log()).not.toContain(SECRET)
  const parameters = { jobId: job.job_id, detail: 'fields', limit: 10 } as const
  const { differences } = DifferencesAnswer.parse((await differencesAnswer(parameters, runner.services)).body)
  expect(differences[0]?.fields).toEqual(
    expect.arrayContaining([
      {
        path: '/metadata/created_by',
        op: 'replace',
        archived: { json: `"${SECRET} archived user"` },
        stored: { json: `"${SECRET} user"` },
      },
      {
        path: '/metadata/indexed_data/name',
        op: 'replace',
        archived: { json: `"${SECRET} name"` },
        stored: { json: `"${SECRET} index"` },
      },
    ]),
  )
})

it('a restore reports no value if indexed values differ already in the archive', async () => {
  const { items } = city({ name: `${SECRET} name` })
  const [metadata, ...revisions] = items
  await runner.putItems({ ...metadata, indexed_data: { S: `{"name":"${SECRET} index"}` } }, ...revisions)
  const { archive } = await runner.export(['city'])
  await runner.wipe()
  const log = collectLog()
  const job = await runner.restore(archive, { report_beside: { bucket: 'b', key: 'k' } })
  expect((await runner.readReport(job))?.checks.search.findings[0]).toEqual({
    model: 'city',
    resource_id: 'c',
    what: 'indexed name: already differed in the archive',
    expected: 'the value in the payload, string of 13 bytes of JSON',
    actual: 'another value, string of 14 bytes of JSON',
  })
  for (const [place, text] of await storedBy(job.job_id)) expect(text, place).not.toContain(SECRET)
  expect(log()).not.toContain(SECRET)
})

it('an export that leaves out a resource reports no value', async () => {
  await writeToStore(runner.clients, city({ name: 'x' }, { created_time: `${SECRET} time` }))
  const log = collectLog()
  for (const format of ['specstar', 'acbak'] as const) {
    const { job } = await runner.export(['city'], {}, false, format)
    expect(job).toMatchObject({ status: 'partial', result: { left_out: { count: 1 } } })
    for (const [place, text] of await storedBy(job.job_id)) expect(text, place).not.toContain(SECRET)
  }
  expect(log()).not.toContain(SECRET)
})
