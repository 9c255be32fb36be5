import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DifferencesAnswer } from '../../functions/http/differences-answer.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { compressZstd } from '../../shared/archive/compression.ts'
import { DifferencesExpiredError } from '../../shared/restore/errors.ts'
import { JOB_DIFFERENCES } from '../../shared/restore/messages/differences.ts'
import { nth } from './catalogue.ts'
import { sampleStore } from './sample-store.ts'
import { inArchiveOrder, type Listed, type Options, startDifferencesTest } from './differences-test.ts'

const { runner, dryRun, answerOf, listAll, city, removeCity, changeStore } = await startDifferencesTest()

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
