import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Answer } from '../../functions/http/answer.ts'
import { DifferencesAnswer, differencesAnswer } from '../../functions/http/differences-answer.ts'
import type { DifferencesParameters } from '../../functions/http/differences-parameters.ts'
import { differencesView } from '../../functions/http/differences-view.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { RestoreRequest } from '../../shared/jobs/job-request.ts'
import { compressZstd } from '../../shared/archive/compression.ts'
import { DifferencesExpiredError } from '../../shared/restore/errors.ts'
import { FIRST_DIFFERENCES, JOB_DIFFERENCES } from '../../shared/restore/messages/differences.ts'
import { must } from '../../shared/values/must.ts'
import { bytesInResponse, MAX_PAGE_BYTES } from '../../shared/values/response-size.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { findResource, nth } from './catalogue.ts'
import { buildResource, sampleStore, writeToStore } from './sample-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

let archive: Buffer
// Each pass reads one digest bucket, so the lists of many passes are joined.
const runner = await startRunnerWithSample({ limits: { passMs: 1 } })
beforeAll(async () => {
  archive = (await runner.export(['city', 'country', 'memo'])).archive
})
beforeEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
  await writeToStore(runner.clients, sampleStore(runner.services.models))
})

type Listed = DifferencesAnswer['differences'][number]
type Options = Partial<DifferencesParameters>

const answerOf = ({ job_id }: RestoreJob, options: Options = {}): Promise<Answer> =>
  differencesAnswer({ jobId: job_id, detail: 'ids', limit: 200, ...options }, runner.services)

/** All differences, page by page. */
const listAll = async (job: RestoreJob, options: Options = {}): Promise<Listed[]> => {
  const all: Listed[] = []
  let cursor: string | undefined
  do {
    const { body } = await answerOf(job, { ...options, ...(cursor === undefined ? {} : { cursor }) })
    const page = DifferencesAnswer.parse(body)
    all.push(...page.differences)
    ;({ cursor } = page)
  } while (cursor !== undefined)
  return all
}

const names = (differences: readonly Listed[]): string[] =>
  differences.map(({ group, model, resource_id }) => `${group} ${model} ${resource_id}`)

const inArchiveOrder = (ids: readonly string[]): string[] =>
  [...ids].sort((a, b) => (idHashOf(a) < idHashOf(b) ? -1 : 1))

const dryRun = (request: Partial<RestoreRequest> = {}): Promise<RestoreJob> =>
  runner.restore(archive, { dry_run: true, ...request })

const city = async (id: string): Promise<ReturnType<typeof findResource>> =>
  findResource(await runner.contents(), 'city', id)

const removeCity = async (id: string): Promise<void> => {
  const { metadata, revisions } = await city(id)
  await runner.removeItems(metadata, ...revisions)
}

const extra = (id: string): Promise<void> =>
  writeToStore(
    runner.clients,
    buildResource(runner.services.models, { model: 'city', id, payloads: [{ name: 'Extra', country: 'north' }] }),
  )

/** Changes the store: two cities are missing, two are changed, one is torn, and three exist only in the store. */
const changeStore = async (): Promise<void> => {
  await removeCity('a')
  await removeCity('b')
  const { metadata, revisions } = await city('c')
  await runner.putItems({ ...metadata, updated_by: { S: 'eve' } })
  await runner.putItems({ ...nth(revisions, -1), data: { S: '{"name":"C3","country":"north"}' } })
  await runner.removeItems(nth((await city('d')).revisions, -1))
  await writeToStore(
    runner.clients,
    buildResource(runner.services.models, {
      model: 'city',
      id: 'f',
      payloads: [{ name: 'F', country: 'south', tags: ['x', 'y'], founded: 9_007_199_254_740_991 }],
    }),
  )
  for (const id of ['extra 1', 'extra 2', 'extra 3']) await extra(id)
}

describe('the differences of a dry run', () => {
  it('are the ids of each group, in the order of the archive, whatever the size of a page', async () => {
    await changeStore()
    const job = await dryRun()
    expect(job.result?.dry_run?.models['city']).toEqual({ new: 2, changed: 3, same: 1, target_only: 3 })
    const all = [
      ...inArchiveOrder(['a', 'b']).map((id) => `new city ${id}`),
      ...inArchiveOrder(['c', 'd', 'f']).map((id) => `changed city ${id}`),
      ...inArchiveOrder(['extra 1', 'extra 2', 'extra 3']).map((id) => `target_only city ${id}`),
    ]
    expect(names(await listAll(job))).toEqual(all)
    for (const limit of [1, 2, 5]) expect(names(await listAll(job, { limit }))).toEqual(all)
    expect(names(await listAll(job, { group: 'changed', limit: 2 }))).toEqual(all.slice(2, 5))
    expect(await listAll(job, { model: 'country' })).toEqual([])
    expect(await listAll(job, { group: 'missing' })).toEqual([])
  })

  it('are counted and named in the answer of the job', async () => {
    await changeStore()
    const job = await dryRun()
    expect(job.result?.differences).toEqual({ new: 2, changed: 3, target_only: 3 })
    const { differences } = await differencesView(runner.services, job)
    expect(differences).toMatchObject({
      new: { count: 2, resources: inArchiveOrder(['a', 'b']).map((resource_id) => ({ model: 'city', resource_id })) },
      changed: { count: 3 },
      target_only: { count: 3 },
    })
  })

  it('contain only resources that the filters select', async () => {
    await changeStore()
    const job = await dryRun({ filters: { ids: ['a', 'c', 'extra 1'] }, models: ['city'] })
    const ids = (await listAll(job)).map(({ group, resource_id }) => `${group} ${resource_id}`)
    expect(ids).toEqual(['new a', 'changed c', 'target_only extra 1'])
  })

  it('are absent if the store equals the archive', async () => {
    const job = await dryRun()
    expect(job.result?.differences).toEqual({})
    expect(await answerOf(job)).toEqual({ status: 200, body: { differences: [] } })
    expect(await differencesView(runner.services, job)).toEqual({})
  })

  it('are rejected for a job that has not compared anything, and with an invalid cursor', async () => {
    const { job_id } = (await runner.export(['memo'])).job
    const options = { detail: 'ids', limit: 1 } as const
    await expect(differencesAnswer({ jobId: job_id, ...options }, runner.services)).rejects.toThrow(
      /is not a restore, so it has no differences/,
    )
    const failed = await dryRun({ on_duplicate: 'raise_error' })
    await expect(answerOf(failed)).rejects.toThrow(/ended before it had compared the archive with the store/)
    await expect(answerOf(await dryRun(), { cursor: 'x' })).rejects.toThrow(/cursor: must be/)
  })

  it('are rejected for a job of an earlier version, which has counted differences without listing them', async () => {
    await changeStore()
    const job = await dryRun()
    const { differences, ...result } = must(job.result?.dry_run === undefined ? undefined : job.result)
    expect(differences).toMatchObject({ changed: 3 })
    await runner.services.jobs.change(job.job_id, { result }, { from: ['succeeded'] })
    await expect(answerOf(job)).rejects.toThrow(/earlier version, which did not list differences; start a new dry run/)
  })

  it('have as many ids in the answer of the job as a response can contain', async () => {
    const job = await dryRun()
    const changed = { ...job, result: { ...must(job.result), differences: { new: 1_000, target_only: 2_000 } } }
    // The longest ids: Lambda escapes each of these characters twice.
    const resources = Array.from({ length: 1_000 }, (_, k) => ({
      model: 'city',
      resource_id: `${k}${'"'.repeat(250)}${'\u{20ac}'.repeat(250)}`,
    }))
    const first = { new: { count: 1_000, resources }, target_only: { count: 2_000, resources } }
    await runner.services.workFiles.write(FIRST_DIFFERENCES, first, job.job_id)
    const { differences } = await differencesView(runner.services, changed)
    expect(bytesInResponse(differences ?? {})).toBeLessThan(MAX_PAGE_BYTES / 2 + 10_000)
    expect(differences?.new).toEqual({ count: 1_000, resources })
    expect(differences?.target_only?.count).toBe(2_000)
    const shown = differences?.target_only?.resources?.length ?? 0
    expect(shown).toBeGreaterThan(0)
    expect(shown).toBeLessThan(1_000)
    expect(differences?.target_only?.resources).toEqual(resources.slice(0, shown))
  })

  it('expire with the work files of the job', async () => {
    await changeStore()
    const job = await dryRun()
    const { s3, config } = runner.clients
    const remove = (name: string): Promise<unknown> =>
      s3.send(new DeleteObjectCommand({ Bucket: config.buckets.work, Key: `work/${job.job_id}/${name}` }))
    await remove('restore-plan.json')
    await remove('first-differences.json')
    await remove('differences.json')
    await expect(answerOf(job)).rejects.toThrow(DifferencesExpiredError)
    expect(await differencesView(runner.services, job)).toEqual({
      differences: { new: { count: 2 }, changed: { count: 3 }, target_only: { count: 3 } },
    })
  })
})

describe('the differences with detail=fields', () => {
  const fieldsOf = async (job: RestoreJob, id: string): Promise<Listed | undefined> =>
    (await listAll(job, { detail: 'fields', group: 'changed', limit: 2 })).find(({ resource_id }) => resource_id === id)

  it('show the changed fields of metadata and payload, archived and stored', async () => {
    await changeStore()
    const job = await dryRun()
    const f = await fieldsOf(job, 'f')
    expect(f).toMatchObject({ now: 'changed', model: 'city', fields_total: 2, revisions_total: 1 })
    expect(f?.fields).toEqual([
      { path: '/payload/founded', op: 'remove', stored: { json: '9007199254740991' } },
      { path: '/payload/tags/1', op: 'remove', stored: { json: '"y"' } },
    ])
    expect(await fieldsOf(job, 'c')).toMatchObject({
      now: 'changed',
      fields: [
        { path: '/metadata/updated_by', op: 'replace', archived: { json: '"bob"' }, stored: { json: '"eve"' } },
        { path: '/payload/country', op: 'replace', archived: { json: '"south"' }, stored: { json: '"north"' } },
      ],
      // Only the payload was changed, and not the attributes of the revision.
      revisions: [],
    })
    expect(await fieldsOf(job, 'd')).toMatchObject({
      now: 'torn',
      fields: [{ path: '/payload', op: 'add', archived: {} }],
      revisions: [{ revision_id: 'd:1', op: 'add' }],
    })
  })

  it('compare the store as it is now', async () => {
    await changeStore()
    const job = await dryRun()
    await removeCity('f')
    const { metadata } = await city('c')
    await runner.removeItems(metadata)
    const { items } = sampleStore(runner.services.models)
    const restored = items.filter(({ resource_id }) => resource_id?.S === 'd')
    await runner.putItems(...restored)
    expect(await fieldsOf(job, 'f')).toEqual({ group: 'changed', model: 'city', resource_id: 'f', now: 'missing' })
    expect(await fieldsOf(job, 'c')).toMatchObject({ now: 'without_metadata' })
    expect(await fieldsOf(job, 'd')).toEqual({ group: 'changed', model: 'city', resource_id: 'd', now: 'same' })
  })

  it('state the number of changed fields of each revision, even if they are not all shown', async () => {
    const { revisions } = await city('e')
    const payload = (fields: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: fields }, (_, k) => [`added ${k}`, k])))
    const [first, second] = revisions
    await runner.putItems({ ...first, data: { S: payload(150) } }, { ...second, data: { S: payload(20) } })
    const job = await dryRun()
    const e = await fieldsOf(job, 'e')
    const shown = e?.revisions?.map(({ revision_id, op, fields, fields_total = 0 }) => ({
      revision_id,
      op,
      shown: fields?.length,
      isCut: fields_total > (fields?.length ?? 0),
      hasAll: fields_total >= (revision_id === 'e:1' ? 150 : 20),
    }))
    expect(shown).toEqual([
      { revision_id: 'e:1', op: 'replace', shown: 100, isCut: true, hasAll: true },
      { revision_id: 'e:2', op: 'replace', shown: 0, isCut: true, hasAll: true },
    ])
  })

  it('show spilled payloads by their fields', async () => {
    const { metadata, revisions } = await city('e')
    await runner.putItems({ ...metadata, current_revision_id: { S: 'e:2' } })
    await runner.removeItems(nth(revisions, -1))
    const job = await dryRun()
    const e = await fieldsOf(job, 'e')
    expect(e?.fields?.find(({ path }) => path === '/payload/long')).toMatchObject({
      op: 'remove',
      stored: { size: 400_002 },
    })
    expect(e?.revisions).toMatchObject([{ revision_id: 'e:3', op: 'add' }])
  })

  describe('whose payloads take too long to read', () => {
    /** Is called before each resource is read from the store. Adds time to the clock of the page. */
    const delay = (before: (resource: number, wait: (ms: number) => void) => void): void => {
      const { resources } = runner.services
      const [now, read] = [performance.now.bind(performance), resources.resourcesById.bind(resources)]
      let added = 0
      let resource = 0
      vi.spyOn(performance, 'now').mockImplementation(() => now() + added)
      vi.spyOn(resources, 'resourcesById').mockImplementation((...request) => {
        before(resource++, (ms) => (added += ms))
        return read(...request)
      })
    }
    const pageOf = async (job: RestoreJob, options: Options): Promise<DifferencesAnswer> =>
      DifferencesAnswer.parse((await answerOf(job, { detail: 'fields', group: 'changed', ...options })).body)
    afterEach(() => vi.restoreAllMocks())

    it('end the page before the resource, and the next page has more time for it', async () => {
      await changeStore()
      const job = await dryRun()
      const expected = await listAll(job, { detail: 'fields', group: 'changed' })
      delay((resource, wait) => {
        if (resource === 1) wait(20_000)
      })
      const first = await pageOf(job, {})
      expect(first.differences).toEqual(expected.slice(0, 1))
      const { cursor } = first
      if (cursor === undefined) return expect.fail('the page has no cursor')
      expect((await pageOf(job, { cursor })).differences).toEqual(expected.slice(1))
    })

    it('name the resource as not compared if it alone takes too long, and continue after it', async () => {
      await changeStore()
      const job = await dryRun()
      const expected = await listAll(job, { detail: 'fields', group: 'changed' })
      delay((_, wait) => {
        wait(20_000)
      })
      const all = await listAll(job, { detail: 'fields', group: 'changed' })
      expect(all).toEqual(
        expected.map(({ group, model, resource_id }) => ({ group, model, resource_id, now: 'not_compared' })),
      )
    })
  })

  it('have no fields for other groups', async () => {
    await changeStore()
    const job = await dryRun()
    const others = (await listAll(job, { detail: 'fields' })).filter(({ group }) => group !== 'changed')
    expect(others.map((difference) => Object.keys(difference).sort().join())).toEqual(
      Array.from({ length: 5 }, () => 'group,model,resource_id'),
    )
  })

  it('name each resource once, even if the list is not in the order of the archive or a page is cut', async () => {
    await changeStore()
    const job = await dryRun()
    const inOrder = inArchiveOrder(['c', 'd', 'f'])
    const expected = new Map([
      ['c', 'changed'],
      ['d', 'torn'],
      ['f', 'changed'],
      ['gone', 'not_compared'],
    ])
    const orders = [
      [...inOrder, 'gone'],
      ['gone', ...inOrder.toReversed()],
      [nth(inOrder, 1), 'gone', nth(inOrder, 0), nth(inOrder, 2)],
    ]
    for (const ids of orders) {
      await runner.services.workFiles.writeBytes(
        await compressZstd(Buffer.from(JSON.stringify(ids))),
        job.job_id,
        'ids',
      )
      const page = { group: 'changed', model: 'city', count: ids.length, name: 'ids' } as const
      await runner.services.workFiles.write(JOB_DIFFERENCES, [page], job.job_id)
      for (const limit of [1, 4]) {
        const listed = await listAll(job, { detail: 'fields', limit })
        expect(listed.map(({ resource_id }) => resource_id)).toEqual(ids)
        for (const { resource_id, now } of listed) expect(now).toBe(expected.get(resource_id))
      }
      // The time of a page is used up before each comparison.
      const now = performance.now.bind(performance)
      let calls = 0
      vi.spyOn(performance, 'now').mockImplementation(() => now() + (calls += 1) * 20_000)
      const cut = await listAll(job, { detail: 'fields', limit: 4 })
      vi.restoreAllMocks()
      expect(cut.map(({ resource_id }) => resource_id)).toEqual(ids)
    }
  })

  it('expire with the plan of the job', async () => {
    await changeStore()
    const job = await dryRun()
    const { s3, config } = runner.clients
    await s3.send(new DeleteObjectCommand({ Bucket: config.buckets.work, Key: `work/${job.job_id}/restore-plan.json` }))
    await expect(answerOf(job, { detail: 'fields', group: 'changed' })).rejects.toThrow(DifferencesExpiredError)
    expect((await answerOf(job)).status).toBe(200)
  })
})

describe('the differences of a restore', () => {
  const damage = async (): Promise<void> => {
    const c = await city('c')
    await runner.putItems({ ...c.metadata, updated_by: { S: 'eve' } })
    await removeCity('a')
    await runner.removeItems(nth((await city('d')).revisions, -1))
  }

  it('name what is missing, changed and only in the store after a failed verification', async () => {
    await extra('extra 1')
    runner.beforeStage('verify', damage)
    const job = await runner.restore(archive)
    expect(job).toMatchObject({ status: 'failed', error: { type: 'verification-failed' } })
    const expected = [
      'changed city c',
      ...inArchiveOrder(['a', 'd']).map((id) => `missing city ${id}`),
      'target_only city extra 1',
    ]
    expect(names(await listAll(job))).toEqual(expected)
    expect(await differencesView(runner.services, job)).toMatchObject({
      differences: { changed: { count: 1 }, missing: { count: 2 }, target_only: { count: 1 } },
    })
    expect(await listAll(job, { group: 'changed', detail: 'fields' })).toMatchObject([
      { fields: [{ path: '/metadata/updated_by', archived: { json: '"bob"' }, stored: { json: '"eve"' } }] },
    ])
  })

  it('leave no value in the job, the report, the work files and the log', async () => {
    const log = vi.spyOn(process.stdout, 'write')
    const errors = vi.spyOn(console, 'error')
    runner.beforeStage('verify', async () => {
      const [revision] = (await city('b')).revisions
      await runner.putItems({ ...revision, data: { S: '{"name":"B","country":"south","note":"S3CRET"}' } })
    })
    const job = await runner.restore(archive)
    const compared = await listAll(job, { group: 'changed', detail: 'fields' })
    expect(compared).toMatchObject([{ fields: [{ path: '/payload/note' }, { path: '/payload/lng' }] }])
    expect(JSON.stringify(compared)).toContain('S3CRET')
    const { s3, config } = runner.clients
    const texts = [
      JSON.stringify(await runner.services.jobs.get(job.job_id)),
      JSON.stringify(await runner.readReport(job)),
    ]
    const listed = await s3.send(
      new ListObjectsV2Command({ Bucket: config.buckets.work, Prefix: `work/${job.job_id}/` }),
    )
    for (const { Key = '' } of listed.Contents ?? []) {
      const bytes = await runner.services.objects.getBytes(config.buckets.work, Key)
      texts.push(bytes?.toString('latin1') ?? '')
    }
    expect(texts.length).toBeGreaterThan(10)
    texts.push(...[...log.mock.calls, ...errors.mock.calls].map(([text]) => String(text)))
    for (const text of texts) expect(text).not.toContain('S3CRET')
    vi.restoreAllMocks()
  })

  it('count and name what the restore left in the store beyond the archive', async () => {
    for (const id of ['extra 1', 'extra 2', 'zz', 'y']) await extra(id)
    await removeCity('b')
    const job = await runner.restore(archive)
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { target_only: { city: 4 }, differences: { target_only: 4 } },
    })
    expect(await runner.readReport(job)).toMatchObject({ passed: true, target_only: { city: 4 } })
    const ids = inArchiveOrder(['extra 1', 'extra 2', 'zz', 'y'])
    expect(names(await listAll(job))).toEqual(ids.map((id) => `target_only city ${id}`))
    expect(await differencesView(runner.services, job)).toEqual({})
  })

  it('count only resources in the scope of the restore, and nothing for a restore by ids', async () => {
    await extra('extra 1')
    const { metadata } = await city('extra 1')
    await extra('extra 2')
    await runner.putItems({ ...metadata, created_by: { S: 'eve' } })
    const filtered = await runner.restore(archive, { filters: { created_bys: ['eve'] }, models: ['city'] })
    expect(filtered.result).toMatchObject({ target_only: { city: 1 } })
    const byIds = await runner.restore(archive, { filters: { ids: ['a'] }, models: ['city'] })
    expect(byIds.result).not.toHaveProperty('target_only')
    expect(byIds.result).not.toHaveProperty('target_only_unknown')
  })

  it('count a model of which the archive has no resources', async () => {
    const memos = (await runner.export(['memo'], { ids: ['nobody'] }, false)).archive
    const job = await runner.restore(memos)
    expect(job.result).toMatchObject({ target_only: { memo: 2 } })
  })

  it('count nothing if the store contained nothing else', async () => {
    await runner.wipe()
    const job = await runner.restore(archive)
    expect(job.result).not.toHaveProperty('target_only')
    expect(job.result?.differences).toEqual({})
  })
})
