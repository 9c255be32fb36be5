import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FUNCTIONS } from '../../../infra/functions.ts'
import { loadModelsFile } from '../../../shared/resources/models.ts'
import { contentsOf, lasting, type Outside, wipe } from '../../contents.ts'
import { blobs, fill, smallWorld, tell, together } from '../../workflows/small-world.ts'
import { bundlesOf } from './template.ts'
import { type Allowed, matching } from './policy.ts'
import { DeployedWorld } from './world.ts'

const MODELS = await loadModelsFile(new URL('../../../shared/models.json', import.meta.url))
const SCOPE = 'models=city,country,memo'
const MIB = 1024 * 1024

let world: DeployedWorld
let outside: Outside
/** Of a store with a blob that the storage copies by itself. */
const content = together(
  smallWorld(MODELS),
  blobs({ anthem: randomBytes(17 * MIB) }),
  tell(MODELS, { model: 'memo', id: 'song', payloads: [{ text: 'la', sound: { file_id: 'anthem' } }] }),
)
beforeAll(async () => {
  world = await DeployedWorld.start()
  const { dynamo, s3, config } = world.servers
  outside = { dynamo, s3, config }
  await fill(outside, content)
}, 180_000)
afterAll(() => world.stop())

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> & { readonly job_id: string }
}
const ask = async (method: string, path: string, body?: object | Buffer): Promise<Answer> => {
  const isBytes = Buffer.isBuffer(body)
  const response = await fetch(world.url + path, {
    method,
    redirect: 'manual',
    ...(body === undefined
      ? {}
      : {
          body: isBytes ? new Uint8Array(body) : JSON.stringify(body),
          headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
        }),
  })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] }
}
/** Puts an object into the restore bucket, and brings the event of it to its function. */
const uploaded = async (key: string): Promise<void> => {
  const bucket = outside.config.buckets.restores
  const { ETag = '', VersionId } = await outside.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
  const object = { key, etag: ETag.replaceAll('"', ''), 'version-id': VersionId, sequencer: '1' }
  await world.function('upload').invoke({ detail: { bucket: { name: bucket }, object } }, 60_000)
  for (const name of world.aws.started) await world.ended(name)
}
const upload = async (key: string, body: Buffer): Promise<void> => {
  await outside.s3.send(new PutObjectCommand({ Bucket: outside.config.buckets.restores, Key: key, Body: body }))
  await uploaded(key)
}
const kept = async (key: string, bucket: string): Promise<Buffer> => {
  const { Body } = await outside.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

/** What is allowed and not called here, and why. */
const REASONS: readonly (readonly [names: RegExp, allowed: RegExp, reason: string])[] = [
  [/./, /^xray:/, 'tracing is off outside Lambda'],
  [/./, /^logs:/, 'Lambda writes the log'],
  [/./, /^sqs:SendMessage /, 'Lambda sends what the function could not handle'],
  [/./, /^s3:GetObjectVersion /, 'the stand-ins keep no versions: on AWS what was looked at is read by its version'],
  [/./, /^s3:GetObjectVersion .*(blobs|payloads)/, 'a large object is looked up first, and then read by its version'],
  [/./, /^s3:GetObject .*archives/, 'an archive that was pinned before its bucket was versioned has no version id'],
  [/./, /^s3:GetObject .*restores/, 'an upload that was pinned before its bucket was versioned has no version id'],
  [/^import-/, /^s3:GetObjectVersion /, 'a request may name the version of an archive'],
  [/^(apply-blobs|rollback)$/, /^s3:GetObjectVersion .*restores/, 'the archive may be an upload'],
  [/./, /^s3:ListBucket /, 'what is not there is told from what may not be read only to those who may list'],
  [/./, /^s3:AbortMultipartUpload /, 'an upload is taken back where its pass fails'],
  [/^(plan|convert|decide|announce|report|fail|finish)/, /^dynamodb:PutItem .*jobs/, 'what a stage fails with is kept'],
  [/^(export|import|upload)/, /^dynamodb:BatchGetItem .*jobs/, 'the jobs that run, where some do'],
  [/^get-(job|report)$/, /^dynamodb:Query .*jobs/, 'the progress of a job that runs'],
  [/^get-report$/, /^sts:AssumeRole /, 'a report over 3 MiB is signed'],
  [/^import-/, /^s3:GetObject /, 'an import may name any archive or upload of the deployment'],
  [/^fail-/, /^dynamodb:Query .*jobs/, 'the last failure, where it comes out of a distributed map'],
  [
    /^(export-records|preflight|verify)$/,
    /^dynamodb:GetItem .*resources/,
    'a resource that changes meanwhile is read again',
  ],
  [/^rollback$/, /^dynamodb:GetItem .*resources/, 'an item that another writer has replaced since'],
  [/^(apply|rollback)/, /^dynamodb:UpdateItem .*jobs/, 'a lease is renewed after minutes'],
  [/^cancel-job$/, /^s3:PutObject .*report.json/, 'an upload whose restore is cancelled is told so beside it'],
  [/^apply/, /^s3:PutObject .*work/, 'conflicts that came in between are listed'],
  [
    /^apply-records$/,
    /^s3:(Get|Put)Object .*payloads/,
    'a payload that stands in a record and is too large for an item',
  ],
  [/^apply-blobs$/, /^s3:GetObject .*(blobs|payloads)/, 'a blob that came in between is compared'],
  [/^compose-parts$/, /^s3:PutObject .*work/, 'segments are joined first where there are more than 9,900 parts'],
  [/^(fail-restore|end-stopped)$/, /^s3:GetObject .*report.json/, 'the report of a verification that failed'],
]
const reasonFor = (name: string, { action, pattern }: Allowed): string | undefined =>
  REASONS.find(([names, allowed]) => names.test(name) && allowed.test(`${action} ${pattern}`))?.[2]

describe('what ships', () => {
  it('loads, each bundle by itself, of less than 2 MiB', async () => {
    const { synthesized } = world
    for (const { name, file } of bundlesOf(synthesized)) {
      expect(await world.function(name).loaded, name).toBeGreaterThan(0)
      expect((await stat(join(synthesized.outdir, file))).size, name).toBeLessThan(2 * MIB)
    }
  })

  let everything: Answer
  let before: Awaited<ReturnType<typeof contentsOf>>

  it('exports, and signs the archive’s URL for its key alone', async () => {
    before = await contentsOf(outside)
    everything = await ask('GET', `/_backup/export?${SCOPE}&wait=25`)
    expect(everything).toMatchObject({ status: 200, body: { status: 'succeeded', complete: true } })
    const answer = await fetch(String(everything.body['url']))
    expect(answer.status).toBe(200)
    await answer.arrayBuffer()
    expect(world.aws.sessions.at(-1)).toMatchObject({
      Statement: [{ Action: 's3:GetObjectVersion' }, { Resource: '*' }],
    })
    expect(world.aws.events.at(-1)).toMatchObject({ DetailType: 'Export Succeeded', Detail: { status: 'succeeded' } })
  })

  it('restores and proves it, byte for byte', async () => {
    await wipe(outside)
    const answer = await ask('POST', '/_backup/import?wait=25', { from: { job_id: everything.body.job_id } })
    expect(answer).toMatchObject({ status: 200, body: { status: 'succeeded', verification: { passed: true } } })
    expect(lasting(await contentsOf(outside))).toEqual(lasting(before))
    expect(world.aws.events.at(-1)).toMatchObject({ DetailType: 'Restore Succeeded' })
    expect(await ask('GET', `/_backup/jobs/${answer.body.job_id}/report`)).toMatchObject({ body: { passed: true } })
  })

  it('answers every other door', async () => {
    expect(await ask('GET', '/memo/export?wait=25')).toMatchObject({ status: 200 })
    expect(await ask('GET', `/_backup/jobs/${everything.body.job_id}`)).toMatchObject({ status: 200 })
    expect(await ask('GET', `/_backup/jobs/${everything.body.job_id}/archive`)).toMatchObject({ status: 303 })
    expect(await ask('GET', '/_backup/jobs')).toMatchObject({ status: 200 })
    expect(await ask('GET', '/_backup')).toMatchObject({ status: 404 })
    const [bucket, key] = [outside.config.buckets.archives, (everything.body['archive'] as { key: string }).key]
    expect(await ask('POST', '/_backup/import?dry_run=true&wait=25', { from: { bucket, key } })).toMatchObject({
      status: 200,
    })
    const memo = await ask('GET', '/memo/export?ids=m&wait=25')
    const bytes = await kept((memo.body['archive'] as { key: string }).key, bucket)
    expect(await ask('POST', '/memo/import?on_duplicate=skip&wait=25', bytes)).toMatchObject({
      status: 200,
      body: { skipped: 1 },
    })
    expect(await ask('POST', '/_backup/import?on_duplicate=raise_error&wait=25', bytes)).toMatchObject({ status: 409 })
    await upload('overwrite/_all/memo.acbak', bytes)
    const report = await kept('overwrite/_all/memo.acbak.report.json', outside.config.buckets.restores)
    expect(JSON.parse(report.toString())).toMatchObject({ passed: true })
    await upload('overwrite/_all/no.acbak', Buffer.from('no archive'))
    expect(world.aws.events.at(-1)).toMatchObject({ DetailType: 'Restore Failed' })
  })

  it('fills and cancels slots', async () => {
    const slot = (await ask('POST', '/_backup/import')).body as unknown as {
      readonly job_id: string
      readonly upload: { url: string; key: string; headers: Record<string, string> }
    }
    const { archive } = everything.body as unknown as { readonly archive: { readonly key: string } }
    const body = await kept(archive.key, outside.config.buckets.archives)
    const put = await fetch(slot.upload.url, {
      method: 'PUT',
      headers: slot.upload.headers,
      body: new Uint8Array(body),
    })
    expect(put.status).toBe(200)
    await uploaded(slot.upload.key)
    expect(await ask('GET', `/_backup/jobs/${slot.job_id}`)).toMatchObject({ body: { status: 'succeeded' } })
    const other = await ask('POST', '/memo/import')
    expect(await ask('POST', `/_backup/jobs/${other.body.job_id}/cancel`)).toMatchObject({
      body: { status: 'cancelled' },
    })
  })

  it('writes and restores SpecStar’s stream', async () => {
    const stream = await ask('GET', `/_backup/export?models=country,memo&format=specstar&wait=25`)
    expect(stream).toMatchObject({ status: 200 })
    const restored = await ask('POST', '/_backup/import?wait=25', { from: { job_id: stream.body.job_id } })
    expect(restored).toMatchObject({ status: 200, body: { verification: { passed: true } } })
  })

  it('takes back what it wrote where another writer came in between', async () => {
    await wipe(outside)
    const theirs = tell(MODELS, { model: 'memo', id: 'n', payloads: [{ text: 'theirs' }] })
    world.before('apply-records', () => fill(outside, theirs))
    const answer = await ask('POST', '/_backup/import?on_duplicate=raise_error&wait=25', {
      from: { job_id: everything.body.job_id },
    })
    expect(answer).toMatchObject({ status: 409, body: { type: 'conflict' } })
  })

  it('fails an export whose blobs are gone, and ends jobs whose executions were stopped', async () => {
    const gone = tell(MODELS, { model: 'memo', id: 'gone', payloads: [{ text: 'x', sound: { file_id: 'nowhere' } }] })
    await fill(outside, gone)
    expect(await ask('GET', '/memo/export?wait=25')).toMatchObject({ status: 409, body: { type: 'blobs-missing' } })
  })

  it('ends jobs whose executions were stopped, and cancels those that run', async () => {
    const { engine } = world.aws
    world.aws.engine = undefined
    const stuck = await ask('GET', '/country/export?wait=0')
    await upload('overwrite/_all/stuck.acbak', Buffer.from('no archive'))
    const restore = world.aws.started.at(-1) ?? ''
    world.aws.engine = engine
    for (const name of [stuck.body.job_id, restore]) {
      await world.function('end-stopped').invoke({ detail: { name, status: 'ABORTED' } }, 60_000)
      expect(await ask('GET', `/_backup/jobs/${name}`)).toMatchObject({ body: { status: 'failed' } })
    }
    const cancelled = Promise.withResolvers<Answer>()
    world.before('plan-export', async () => {
      const [name = ''] = world.aws.started.slice(-1)
      ask('POST', `/_backup/jobs/${name}/cancel`).then(cancelled.resolve, cancelled.reject)
      await sleep(500)
    })
    await ask('GET', '/country/export?wait=0')
    expect(await cancelled.promise).toMatchObject({ status: 200, body: { status: 'cancelled' } })
    await upload('overwrite/planet/x.acbak', Buffer.from('of no model'))
    const told = await kept('overwrite/planet/x.acbak.report.json', outside.config.buckets.restores)
    expect(JSON.parse(told.toString())).toMatchObject({ error: { type: 'unknown-model' } })
    const waiting = await ask('POST', '/memo/import?ids=m&dry_run=true&wait=25', {
      from: { job_id: everything.body.job_id },
    })
    expect(waiting).toMatchObject({ status: 200 })
  })

  it('makes archives by schedule, looks after them and deletes the old ones', async () => {
    await wipe(outside)
    await fill(outside, content)
    for (const day of ['01', '02'])
      await world.function('start-scheduled').invoke({ schedule: 'nightly', at: `2026-01-${day}T03:00:00Z` }, 60_000)
    for (const name of world.aws.started) await world.ended(name)
    expect(await world.function('prune').invoke({}, 60_000)).toMatchObject([
      { deleted: [expect.stringContaining('20260101')] },
    ])
    const seen = { pk: { S: `schedule#nightly#${JSON.stringify({ cron: '0 3 * * ? *' })}` }, sk: { S: 'seen' } }
    const check = () => world.function('check-schedules').invoke({}, 60_000)
    expect(await check()).toMatchObject([{ schedule: 'nightly', overdue: false }])
    const { dynamo, config } = outside
    const Item = { ...seen, at: { S: '2026-01-01T00:00:00.000Z' } }
    await dynamo.send(new PutItemCommand({ TableName: config.tables.jobs, Item }))
    expect(await check()).toMatchObject([{ overdue: true, last_good_at: '2026-01-02T03:00:00.000Z' }])
  })

  it('writes no payload, no blob and no signed URL into its logs', () => {
    const logs = [...world.functions.values()].map(({ log }) => log).join('')
    expect(logs).toContain('"message":"a job failed"')
    expect(logs).toContain('"JobSucceeded":1')
    for (const secret of ['X-Amz-Signature', 'X-Amz-Credential', 'North', 'theirs', 'a lion', 'la"', 'long long'])
      expect(logs).not.toContain(secret)
  })

  it.each(FUNCTIONS.map(({ name }) => name))('%s is allowed every call that it makes', (name) => {
    const refused = world.needs(name).filter((need) => !world.isAllowed(name, need))
    expect(refused).toEqual([])
  })

  it.each(FUNCTIONS.map(({ name }) => name))('%s is allowed nothing that it does not need', (name) => {
    const needs = world.needs(name)
    const unused = world.allowed(name).filter((one) => !needs.some((need) => matching([one], need).length > 0))
    expect(unused.filter((one) => reasonFor(name, one) === undefined)).toEqual([])
  })
})
