import { beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { putItems, readContents, stableContents, wipe } from '../../contents.ts'
import { findResource } from '../../workflows/catalogue.ts'
import { buildResource, sampleStore, writeToStore } from '../../workflows/sample-store.ts'
import { sendHttps } from '../aws/https.ts'
import type { DeployTest } from '../deploy-test.ts'

/** The routes that the other scenarios do not call. */
export const otherRoutes = (test: () => DeployTest): void => {
  beforeAll(async () => {
    const { main, models } = test()
    await wipe(main.clients)
    await writeToStore(main.clients, sampleStore(models))
  })

  it('exports, checks and restores one model, and redirects to the archive', async () => {
    const { main, state } = test()
    const api = await main.api()
    const before = await readContents(main.clients)
    const exported = await api.run('GET', '/city/export')
    expect(exported).toMatchObject({ status: 'succeeded', result: { complete: true } })
    const redirect = await api.request('GET', `/_backup/jobs/${exported.job_id}/archive`)
    expect(redirect.status).toBe(303)
    const url = new URL(redirect.location ?? '')
    expect(await sendHttps(state.address, { method: 'GET', url })).toMatchObject({ status: 200 })
    expect(await api.request('HEAD', `/_backup/jobs/${exported.job_id}/archive`)).toMatchObject({ status: 200 })
    const body = { from: { job_id: exported.job_id } }
    expect(await api.run('POST', '/_backup/check', body)).toMatchObject({
      status: 'succeeded',
      result: { verification: { passed: true } },
    })
    expect(await api.run('POST', '/city/import?on_duplicate=overwrite', body)).toMatchObject({
      status: 'succeeded',
      result: { verification: { passed: true } },
    })
    expect(stableContents(await readContents(main.clients))).toEqual(stableContents(before))
  })

  it('fails a restore whose archive is invalid, with the error of the stage that found it', async () => {
    const api = await test().main.api()
    const job = await api.run('POST', '/_backup/import', Buffer.from('not an archive'))
    expect(job).toMatchObject({ status: 'failed', error: { type: 'not-an-archive', status: 400 } })
  })

  it('fails an export whose data is damaged, with the error of the stage that found it', async () => {
    const { main, models } = test()
    const api = await main.api()
    const lost = { file_id: 'lost', size: 5 }
    const damaged = buildResource(models, { model: 'memo', id: 'damaged', payloads: [{ text: 'x', sound: lost }] })
    await writeToStore(main.clients, damaged)
    expect(await api.run('GET', '/memo/export')).toMatchObject({ status: 'failed', error: { type: 'blobs-missing' } })
    const partial = await api.run('GET', '/memo/export?strict=false')
    expect(partial).toMatchObject({ status: 'partial', result: { complete: false } })
  })

  it('serves the page and its files', async () => {
    const api = await test().main.api()
    const page = await api.request('GET', '/_backup')
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('<!doctype html>') as string })
    const icon = /href="([^"]+\.svg)"/.exec(String(page.body))?.[1] ?? ''
    expect(await api.request('GET', `/${icon}`)).toMatchObject({
      status: 200,
      body: expect.stringContaining('<svg') as string,
    })
  })

  it('lists the archives that exports have written', async () => {
    const api = await test().main.api()
    const { job_id } = await api.run('GET', '/city/export')
    expect(await api.request('GET', '/_backup/archives/latest?model=city')).toMatchObject({
      status: 200,
      body: { job_id },
    })
    expect(await api.request('GET', '/_backup/archives?limit=1')).toMatchObject({
      status: 200,
      body: { archives: [{ job_id, complete: true }] },
    })
  })

  it('names the differences that a dry run has found, with their fields', async () => {
    const { main } = test()
    const api = await main.api()
    const exported = await api.run('GET', '/city/export')
    const { metadata } = findResource(await readContents(main.clients), 'city', 'c')
    await putItems(main.clients, [{ ...metadata, updated_by: { S: 'eve' } }])
    const job = await api.run('POST', '/city/import?dry_run=true', { from: { job_id: exported.job_id } })
    const listed = await api.request('GET', `/_backup/jobs/${job.job_id}/differences?detail=fields`)
    expect(listed).toMatchObject({
      status: 200,
      body: { differences: [{ resource_id: 'c', fields: [{ path: '/metadata/updated_by' }] }] },
    })
    await putItems(main.clients, [metadata])
  })

  it('lists what the next prune would delete', async () => {
    const { status, body } = await (await test().main.api()).request('GET', '/_backup/prune')
    expect(status).toBe(200)
    const { objects } = z.object({ objects: z.array(z.object({ action: z.string() })) }).parse(body)
    expect(objects.length).toBeGreaterThan(0)
    // The archives of the other scenarios are new.
    for (const { action } of objects) expect(action).toBe('keep')
  })
}
