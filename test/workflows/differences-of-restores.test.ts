import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { describe, expect, it, vi } from 'vitest'
import { differencesView } from '../../functions/http/differences-view.ts'
import { nth } from './catalogue.ts'
import { inArchiveOrder, names, startDifferencesTest } from './differences-test.ts'

const { runner, restore, listAll, city, removeCity, extra } = await startDifferencesTest()

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
    const job = await restore()
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
    const job = await restore()
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
    const job = await restore()
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
    const filtered = await restore({ filters: { created_bys: ['eve'] }, models: ['city'] })
    expect(filtered.result).toMatchObject({ target_only: { city: 1 } })
    const byIds = await restore({ filters: { ids: ['a'] }, models: ['city'] })
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
    const job = await restore()
    expect(job.result).not.toHaveProperty('target_only')
    expect(job.result?.differences).toEqual({})
  })
})
