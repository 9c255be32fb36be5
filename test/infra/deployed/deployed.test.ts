import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FUNCTIONS } from '../../../infra/functions.ts'
import { loadModelsFile } from '../../../shared/resources/models.ts'
import { putItems, readContents, removeItems, stableContents, type StoreClients, wipe } from '../../contents.ts'
import { craftItems } from '../../archive/craft.ts'
import { findResource, nth } from '../../workflows/catalogue.ts'
import { buildBlobs, writeToStore, sampleStore, buildResource, combine } from '../../workflows/sample-store.ts'
import { bundlesOf } from './template.ts'
import { type Answer, DeploymentClient, expectList } from './deployment-client.ts'
import { LocalDeployment } from './local-deployment.ts'
import { type Allowed, matching } from './policy.ts'
import { obsoleteReasons, reasonFor } from './unused-permissions.ts'

const MODELS = await loadModelsFile(new URL('../../../shared/models.json', import.meta.url))
const SCOPE = 'models=city,country,memo'
const MIB = 1024 * 1024
const HOUR_MS = 3_600_000

let deployment: LocalDeployment
let clients: StoreClients
let api: DeploymentClient
/** The contents of a store with a blob that is large enough to be copied by S3. */
const content = combine(
  sampleStore(MODELS),
  buildBlobs({ anthem: randomBytes(17 * MIB) }),
  buildResource(MODELS, { model: 'memo', id: 'song', payloads: [{ text: 'la', sound: { file_id: 'anthem' } }] }),
)
beforeAll(async () => {
  deployment = await LocalDeployment.start()
  const { dynamo, s3, config } = deployment.servers
  clients = { dynamo, s3, config }
  api = new DeploymentClient(deployment, clients)
  await writeToStore(clients, content)
}, 180_000)
afterAll(() => deployment.stop())

describe('the synthesized deployment', () => {
  /** Expects that the last event is or becomes this event of a job. It is published after the job has ended. */
  const expectEvent = (job_id: string, DetailType: string, more: object = {}): Promise<void> =>
    vi.waitFor(
      () => {
        expect(deployment.aws.events.at(-1)).toMatchObject({ DetailType, Detail: { job_id, ...more } })
      },
      { timeout: 30_000 },
    )

  it('has bundles of less than 2 MiB, each of which loads on its own', async () => {
    const { synthesized } = deployment
    for (const { name, file } of bundlesOf(synthesized)) {
      expect(await deployment.function(name).loaded, name).toBeGreaterThan(0)
      expect((await stat(join(synthesized.outdir, file))).size, name).toBeLessThan(2 * MIB)
    }
  })

  let fullExport: Answer
  let before: Awaited<ReturnType<typeof readContents>>

  it('exports the store, and signs a URL with a session that can read only this archive', async () => {
    before = await readContents(clients)
    fullExport = await api.request('GET', `/_backup/export?${SCOPE}&wait=25`)
    expect(fullExport).toMatchObject({ status: 200, body: { status: 'succeeded', complete: true } })
    const answer = await fetch(String(fullExport.body['url']))
    expect(answer.status).toBe(200)
    await answer.arrayBuffer()
    expect(deployment.aws.sessions.at(-1)).toMatchObject({
      Statement: [{ Action: 's3:GetObjectVersion' }, { Resource: '*' }],
    })
    await expectEvent(fullExport.body.job_id, 'Export Succeeded', { status: 'succeeded' })
  })

  it('restores the export byte for byte and verifies it', async () => {
    await wipe(clients)
    const answer = await api.request('POST', '/_backup/import?wait=25', { from: { job_id: fullExport.body.job_id } })
    expect(answer).toMatchObject({ status: 200, body: { status: 'succeeded', verification: { passed: true } } })
    expect(stableContents(await readContents(clients))).toEqual(stableContents(before))
    await expectEvent(answer.body.job_id, 'Restore Succeeded')
    expect(await api.request('GET', `/_backup/jobs/${answer.body.job_id}/report`)).toMatchObject({
      body: { passed: true },
    })
  })

  it('checks the export in the archive bucket, without a restore', async () => {
    const answer = await api.request('POST', '/_backup/check?wait=25', { from: { job_id: fullExport.body.job_id } })
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'succeeded', models: fullExport.body['models'], verification: { passed: true } },
    })
    await expectEvent(answer.body.job_id, 'Check Succeeded')
    expect(await api.request('GET', `/_backup/jobs/${answer.body.job_id}/report`)).toMatchObject({
      body: { passed: true, checks: { content: { passed: true } } },
    })
  })

  it('leaves out a resource that could not be restored if strict is false', async () => {
    const [item = {}] = [...before.items.values()].filter(({ pk }) => pk?.S?.startsWith('memo#m#'))
    await putItems(clients, [{ ...item, updated_by: { N: '1' } }])
    const answer = await api.request('GET', '/memo/export?strict=false&wait=25')
    expect(answer).toMatchObject({ status: 200, body: { status: 'partial', left_out: { count: 1 } } })
    const strict = await api.request('GET', '/memo/export?wait=25')
    expect(strict).toMatchObject({ status: 409, body: { type: 'unrestorable-resources' } })
    await expectList(strict)
    await putItems(clients, [item])
  })

  it('rejects an archive with a resource that cannot be restored, and signs a URL of the list of such resources', async () => {
    const [item = {}] = [...before.items.values()].filter(({ pk }) => pk?.S?.startsWith('memo#m#'))
    const answer = await api.request('POST', '/memo/import?wait=25', craftItems('memo', [[item]]))
    expect(answer).toMatchObject({ status: 400, body: { type: 'archive-invalid' } })
    await expectList(answer)
  })

  it('counts items that belong to no resource in an export of everything', async () => {
    const other = { pk: { S: 'other#m#0' }, sk: { S: 'x' } }
    await putItems(clients, [other])
    const answer = await api.request('GET', '/_backup/export?wait=25')
    expect(answer).toMatchObject({ status: 200, body: { status: 'partial', unaccounted: { count: 1 } } })
    await removeItems(clients, [other])
  })

  it('names the differences between the archive and the store, with their fields', async () => {
    const { key, bucket } = fullExport.body['archive'] as { bucket: string; key: string }
    const original = await readContents(clients)
    // City `d` is now torn, and the current payload of city `e` is spilled.
    const { metadata, revisions } = findResource(original, 'city', 'e')
    const removed = [nth(findResource(original, 'city', 'd').revisions, -1), nth(revisions, -1)]
    await putItems(clients, [{ ...metadata, current_revision_id: { S: 'e:2' } }])
    await removeItems(clients, removed)
    for (const route of ['/_backup/import', '/city/import']) {
      const answer = await api.request('POST', `${route}?dry_run=true&wait=25`, { from: { bucket, key } })
      expect(answer).toMatchObject({ status: 200, body: { differences: { changed: { count: 2 } } } })
      const path = `/_backup/jobs/${answer.body.job_id}`
      const named = { changed: { count: 2 } }
      expect(await api.request('GET', path)).toMatchObject({ body: { result: { differences: named } } })
      expect(await api.request('GET', `${path}/report`)).toMatchObject({ body: { differences: named } })
      const compared = await api.request('GET', `${path}/differences?detail=fields`)
      const counts = [
        { fields_total: 1, revisions_total: 1 },
        { fields_total: 3, revisions_total: 1 },
      ]
      expect(compared).toMatchObject({ status: 200, body: { differences: counts } })
    }
    await putItems(clients, [metadata, ...removed])
    expect(stableContents(await readContents(clients))).toEqual(stableContents(original))
  })

  it('answers all other routes, and restores uploads', async () => {
    expect(await api.request('GET', '/memo/export?wait=25')).toMatchObject({ status: 200 })
    expect(await api.request('GET', `/_backup/jobs/${fullExport.body.job_id}`)).toMatchObject({ status: 200 })
    expect(await api.request('GET', `/_backup/jobs/${fullExport.body.job_id}/archive`)).toMatchObject({
      status: 303,
    })
    expect(await api.request('HEAD', `/_backup/jobs/${fullExport.body.job_id}/archive`)).toMatchObject({
      status: 200,
    })
    expect(await api.request('GET', '/_backup/jobs')).toMatchObject({ status: 200 })
    expect(await api.request('GET', '/_backup/nothing')).toMatchObject({ status: 404 })
    const [bucket, key] = [clients.config.buckets.archives, (fullExport.body['archive'] as { key: string }).key]
    expect(await api.request('POST', '/_backup/import?dry_run=true&wait=25', { from: { bucket, key } })).toMatchObject({
      status: 200,
    })
    const memo = await api.request('GET', '/memo/export?ids=m&wait=25')
    const bytes = await api.getObject((memo.body['archive'] as { key: string }).key, bucket)
    expect(await api.request('POST', '/memo/import?on_duplicate=skip&wait=25', bytes)).toMatchObject({
      status: 200,
      body: { skipped: 1 },
    })
    expect(await api.request('POST', '/_backup/import?on_duplicate=raise_error&wait=25', bytes)).toMatchObject({
      status: 409,
    })
    await api.upload('overwrite/_all/memo.acbak', bytes)
    const report = await api.getObject('overwrite/_all/memo.acbak.report.json', clients.config.buckets.restores)
    expect(JSON.parse(report.toString())).toMatchObject({ passed: true })
    await api.upload('overwrite/_all/no.acbak', Buffer.from('not an archive'))
    const failure = await api.getObject('overwrite/_all/no.acbak.report.json', clients.config.buckets.restores)
    await expectEvent((JSON.parse(failure.toString()) as { job_id: string }).job_id, 'Restore Failed')
  })

  it('serves the page and its files from the bundles', async () => {
    const page = await fetch(`${deployment.url}/_backup`)
    expect(page.status).toBe(200)
    const script = /src="([^"]+)"/.exec(await page.text())?.[1] ?? ''
    const file = await fetch(`${deployment.url}/${script}`)
    expect(file.status).toBe(200)
    expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  })

  it('lists archives, removes deleted ones from the catalogue, and adds those that an export could not add', async () => {
    const { job_id } = fullExport.body
    const bucket = clients.config.buckets.archives
    for (const path of ['/_backup/archives', '/_backup/archives/latest']) {
      const gone = await api.request('GET', '/memo/export?wait=25')
      await expectEvent(gone.body.job_id, 'Export Succeeded')
      const missing = await api.request('GET', '/city/export?wait=25')
      // Before the event, the export itself adds its archive and withdraws the announcement.
      await expectEvent(missing.body.job_id, 'Export Succeeded')
      const Item = {
        pk: { S: 'archives#announced' },
        sk: { S: missing.body.job_id },
        created_at: { S: '2026-01-01T00:00:00.000Z' },
      }
      await clients.dynamo.send(new PutItemCommand({ TableName: clients.config.tables.jobs, Item }))
      await clients.s3.send(
        new DeleteObjectCommand({ Bucket: bucket, Key: (gone.body['archive'] as { key: string }).key }),
      )
      const answer = await api.request('GET', path)
      expect(answer.status).toBe(200)
      expect(JSON.stringify(answer.body)).not.toContain(gone.body.job_id)
    }
    expect(await api.request('GET', '/_backup/archives?to=2026-01-02T00:00:00Z')).toMatchObject({
      body: { archives: [{ models: { city: {} } }, { models: { city: {} } }] },
    })
    const { body } = await api.request('GET', '/_backup/archives?complete=true&limit=200')
    expect(body['archives']).toContainEqual(
      expect.objectContaining({
        job_id,
        last_proved: { at: expect.any(String) as string, job_id: expect.any(String) as string },
      }),
    )
  })

  it('restores the upload of a slot, and cancels a slot', async () => {
    const slot = (await api.request('POST', '/_backup/import')).body as unknown as {
      readonly job_id: string
      readonly upload: { url: string; key: string; headers: Record<string, string> }
    }
    const { archive } = fullExport.body as unknown as { readonly archive: { readonly key: string } }
    const body = await api.getObject(archive.key, clients.config.buckets.archives)
    const put = await fetch(slot.upload.url, {
      method: 'PUT',
      headers: slot.upload.headers,
      body: new Uint8Array(body),
    })
    expect(put.status).toBe(200)
    await api.sendUploadEvent(slot.upload.key)
    expect(await api.request('GET', `/_backup/jobs/${slot.job_id}`)).toMatchObject({ body: { status: 'succeeded' } })
    const other = await api.request('POST', '/memo/import')
    expect(await api.request('POST', `/_backup/jobs/${other.body.job_id}/cancel`)).toMatchObject({
      body: { status: 'cancelled' },
    })
  })

  it('exports and restores a SpecStar stream', async () => {
    const stream = await api.request('GET', `/_backup/export?models=country,memo&format=specstar&wait=25`)
    expect(stream).toMatchObject({ status: 200 })
    const restored = await api.request('POST', '/_backup/import?wait=25', { from: { job_id: stream.body.job_id } })
    expect(restored).toMatchObject({ status: 200, body: { verification: { passed: true } } })
  })

  it('keeps the lease of a running restore whose workers have not renewed it', async () => {
    let other: Answer | undefined
    const from = { job_id: fullExport.body.job_id }
    deployment.before('preflight', async () => {
      await clients.dynamo.send(
        new UpdateItemCommand({
          TableName: clients.config.tables.jobs,
          Key: { pk: { S: 'lease#country' }, sk: { S: 'lease' } },
          UpdateExpression: 'SET lease_until = :expired',
          ExpressionAttributeValues: { ':expired': { N: String(Date.now() - HOUR_MS) } },
        }),
      )
      other = await api.request('POST', '/country/import?wait=25', { from })
    })
    const restored = await api.request('POST', '/country/import?wait=25', { from })
    expect(restored).toMatchObject({ status: 200, body: { verification: { passed: true } } })
    expect(other).toMatchObject({ status: 409, body: { type: 'restore-running', job_id: other?.body.job_id } })
  })

  it('rolls back a restore if another writer creates the same resource', async () => {
    await wipe(clients)
    const theirs = buildResource(MODELS, { model: 'memo', id: 'n', payloads: [{ text: 'theirs' }] })
    deployment.before('apply-records', () => writeToStore(clients, theirs))
    const answer = await api.request('POST', '/_backup/import?on_duplicate=raise_error&wait=25', {
      from: { job_id: fullExport.body.job_id },
    })
    expect(answer).toMatchObject({ status: 409, body: { type: 'conflict' } })
  })

  it('fails an export if a blob is missing', async () => {
    const gone = buildResource(MODELS, {
      model: 'memo',
      id: 'gone',
      payloads: [{ text: 'x', sound: { file_id: 'nowhere' } }],
    })
    await writeToStore(clients, gone)
    expect(await api.request('GET', '/memo/export?wait=25')).toMatchObject({
      status: 409,
      body: { type: 'blobs-missing' },
    })
  })

  it('ends jobs whose executions were stopped, and cancels running jobs', async () => {
    const { engine } = deployment.aws
    deployment.aws.engine = undefined
    const stuck = await api.request('GET', '/country/export?wait=0')
    await api.upload('overwrite/_all/stuck.acbak', Buffer.from('not an archive'))
    const restore = deployment.aws.started.at(-1) ?? ''
    const check = await api.request('POST', '/_backup/check?wait=0', { from: { job_id: fullExport.body.job_id } })
    deployment.aws.engine = engine
    expect(await api.request('POST', `/_backup/jobs/${check.body.job_id}/cancel`)).toMatchObject({
      status: 200,
      body: { kind: 'check', status: 'cancelled' },
    })
    for (const name of [stuck.body.job_id, restore]) {
      await api.invoke('end-stopped', { detail: { name, status: 'ABORTED' } })
      expect(await api.request('GET', `/_backup/jobs/${name}`)).toMatchObject({ body: { status: 'failed' } })
    }
    const cancelled = Promise.withResolvers<Answer>()
    deployment.before('plan-export', async () => {
      const [name = ''] = deployment.aws.started.slice(-1)
      api.request('POST', `/_backup/jobs/${name}/cancel`).then(cancelled.resolve, cancelled.reject)
      await sleep(500)
    })
    await api.request('GET', '/country/export?wait=0')
    expect(await cancelled.promise).toMatchObject({ status: 200, body: { status: 'cancelled' } })
    await api.upload('overwrite/planet/x.acbak', Buffer.from('of an unknown model'))
    const failureReport = await api.getObject('overwrite/planet/x.acbak.report.json', clients.config.buckets.restores)
    expect(JSON.parse(failureReport.toString())).toMatchObject({ error: { type: 'unknown-model' } })
    const waiting = await api.request('POST', '/memo/import?ids=m&dry_run=true&wait=25', {
      from: { job_id: fullExport.body.job_id },
    })
    expect(waiting).toMatchObject({ status: 200 })
  })

  it('exports by schedule, detects overdue schedules and deletes old archives', async () => {
    await wipe(clients)
    await writeToStore(clients, content)
    for (const day of ['01', '02'])
      await api.invoke('start-scheduled', { schedule: 'nightly', at: `2026-01-${day}T03:00:00Z` })
    for (const name of deployment.aws.started) await deployment.ended(name)
    expect(await api.invoke('prune', {})).toMatchObject([{ deleted: [expect.stringContaining('20260101')] }])
    const seen = { pk: { S: `schedule#nightly#${JSON.stringify({ cron: '0 3 * * ? *' })}` }, sk: { S: 'seen' } }
    const check = () => api.invoke('check-schedules', {})
    expect(await check()).toMatchObject([{ schedule: 'nightly', overdue: false }])
    const { dynamo, config } = clients
    const Item = { ...seen, at: { S: '2026-01-01T00:00:00.000Z' } }
    await dynamo.send(new PutItemCommand({ TableName: config.tables.jobs, Item }))
    expect(await check()).toMatchObject([{ overdue: true, last_good_at: '2026-01-02T03:00:00.000Z' }])
    expect(await api.invoke('copy-archives', {})).toEqual([])
  })

  it('lists, pauses, resumes and runs schedules', async () => {
    const list = () => api.request('GET', '/_backup/schedules')
    expect(await list()).toMatchObject({ body: { schedules: [{ name: 'nightly', overdue: true }] } })
    expect(await api.request('POST', '/_backup/schedules/nightly/pause', { days: 2 })).toMatchObject({ status: 200 })
    await api.invoke('start-scheduled', { schedule: 'nightly', at: new Date().toISOString() })
    expect(await list()).toMatchObject({ body: { schedules: [{ paused: {}, last_skipped: {} }] } })
    const resumed = await api.request('POST', '/_backup/schedules/nightly/resume')
    expect(resumed).toMatchObject({ status: 200, body: { name: 'nightly', last_good_at: '2026-01-02T03:00:00.000Z' } })
    expect(resumed.body).not.toHaveProperty('paused')
    const run = await api.request('POST', '/_backup/schedules/nightly/run?wait=25')
    expect(run).toMatchObject({ status: 200, body: { status: 'succeeded' } })
    expect(await list()).toMatchObject({
      body: { schedules: [{ overdue: false, last: { job_id: run.body.job_id, judgement: 'good' } }] },
    })
    expect(await api.request('GET', '/_backup/health')).toMatchObject({
      status: 200,
      body: { status: 'degraded', checks: { schedules: { total: 1, overdue: [] }, throttling: { status: 'ok' } } },
    })
    // The next test expects an archive of January to be the newest one.
    const { bucket, key } = run.body['archive'] as { bucket: string; key: string }
    await clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
    const Key = { pk: { S: 'schedule#nightly' }, sk: { S: `archive#${key}` } }
    await clients.dynamo.send(new DeleteItemCommand({ TableName: clients.config.tables.jobs, Key }))
  })

  it('marks a suspicious archive, deletes nothing until a caller decides, and judges archives without a judgement', async () => {
    const bucket = clients.config.buckets.archives
    const archiveOf = (day: string): string => `scheduled/nightly/2026/01/${day}/s-nightly-202601${day}T030000Z.acbak`
    await wipe(clients)
    await api.invoke('start-scheduled', { schedule: 'nightly', at: '2026-01-03T03:00:00Z' })
    await deployment.ended('s-nightly-20260103T030000Z')
    await expectEvent('s-nightly-20260103T030000Z', 'Export Suspicious', { suspicious: { resources: 0 } })
    expect(await api.invoke('prune', {})).toMatchObject([{ deleted: [], stopped_by: ['s-nightly-20260103T030000Z'] }])
    expect(await api.request('GET', '/_backup/prune')).toMatchObject({
      status: 200,
      body: {
        objects: [
          { action: 'keep', state: 'good' },
          { action: 'keep', state: 'suspicious' },
        ],
      },
    })
    const decision = { job_id: 's-nightly-20260103T030000Z', resources: 0 }
    expect(await api.request('POST', '/_backup/schedules/nightly/confirm', decision)).toMatchObject({ status: 200 })
    expect(await api.request('GET', `/_backup/jobs/${decision.job_id}`)).toMatchObject({
      body: { result: { suspicious: { decision: { decision: 'confirmed' } } } },
    })
    // An earlier version stored no judgements.
    const Body = await api.getObject(archiveOf('03'), bucket)
    for (const [day, judge] of [
      ['04', () => api.invoke('prune', {})],
      ['05', () => api.invoke('check-schedules', {})],
      [
        '06',
        () =>
          api.request('POST', '/_backup/schedules/nightly/confirm', {
            ...decision,
            job_id: 's-nightly-20260106T030000Z',
          }),
      ],
    ] as const) {
      await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: archiveOf(day), Body }))
      await judge()
    }
  })

  it('logs no payloads, blobs or signed URLs', () => {
    const logs = [...deployment.functions.values()].map(({ log }) => log).join('')
    expect(logs).toContain('"message":"a job failed"')
    expect(logs).toContain('"JobSucceeded":1')
    for (const secret of ['X-Amz-Signature', 'X-Amz-Credential', 'North', 'theirs', 'a lion', 'la"', 'long long'])
      expect(logs).not.toContain(secret)
  })

  it.each(FUNCTIONS.map(({ name }) => name))('allows %s every call that it makes', (name) => {
    const denied = deployment.needs(name).filter((need) => !deployment.isAllowed(name, need))
    expect(denied).toEqual([])
  })

  const unusedPermissions = (name: string): Allowed[] => {
    const needs = deployment.needs(name)
    return deployment.allowed(name).filter((one) => !needs.some((need) => matching([one], need).length > 0))
  }

  it.each(FUNCTIONS.map(({ name }) => name))('allows %s nothing that it does not need', (name) => {
    expect(unusedPermissions(name).filter((one) => reasonFor(name, one) === undefined)).toEqual([])
  })

  it('needs every reason in the list of unused permissions', () => {
    const unused = FUNCTIONS.flatMap(({ name }) => unusedPermissions(name).map((one) => [name, one] as const))
    expect(obsoleteReasons(unused)).toEqual([])
  })
})
