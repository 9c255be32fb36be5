import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { expect, it } from 'vitest'
import type { DeployedTest } from '../deployed-test.ts'

/** The other routes, and archives that are uploaded. */
export const otherRoutes = (test: DeployedTest): void => {
  it('answers all other routes, and restores uploads', async () => {
    expect(await test.api.request('GET', '/memo/export?wait=25')).toMatchObject({ status: 200 })
    expect(await test.api.request('GET', `/_backup/jobs/${test.fullExport.body.job_id}`)).toMatchObject({ status: 200 })
    expect(await test.api.request('GET', `/_backup/jobs/${test.fullExport.body.job_id}/archive`)).toMatchObject({
      status: 303,
    })
    expect(await test.api.request('HEAD', `/_backup/jobs/${test.fullExport.body.job_id}/archive`)).toMatchObject({
      status: 200,
    })
    expect(await test.api.request('GET', '/_backup/jobs')).toMatchObject({ status: 200 })
    expect(await test.api.request('GET', '/_backup/nothing')).toMatchObject({ status: 404 })
    const [bucket, key] = [
      test.clients.config.buckets.archives,
      (test.fullExport.body['archive'] as { key: string }).key,
    ]
    expect(
      await test.api.request('POST', '/_backup/import?dry_run=true&wait=25', { from: { bucket, key } }),
    ).toMatchObject({
      status: 200,
    })
    const memo = await test.api.request('GET', '/memo/export?ids=m&wait=25')
    const bytes = await test.api.getObject((memo.body['archive'] as { key: string }).key, bucket)
    expect(await test.api.request('POST', '/memo/import?on_duplicate=skip&wait=25', bytes)).toMatchObject({
      status: 200,
      body: { skipped: 1 },
    })
    expect(await test.api.request('POST', '/_backup/import?on_duplicate=raise_error&wait=25', bytes)).toMatchObject({
      status: 409,
    })
    await test.api.upload('overwrite/_all/memo.acbak', bytes)
    const report = await test.api.getObject(
      'overwrite/_all/memo.acbak.report.json',
      test.clients.config.buckets.restores,
    )
    expect(JSON.parse(report.toString())).toMatchObject({ passed: true })
    await test.api.upload('overwrite/_all/no.acbak', Buffer.from('not an archive'))
    const failure = await test.api.getObject(
      'overwrite/_all/no.acbak.report.json',
      test.clients.config.buckets.restores,
    )
    await test.expectEvent((JSON.parse(failure.toString()) as { job_id: string }).job_id, 'Restore Failed')
  })

  it('serves the page and its files from the bundles', async () => {
    const page = await fetch(`${test.deployment.url}/_backup`)
    expect(page.status).toBe(200)
    const script = /src="([^"]+)"/.exec(await page.text())?.[1] ?? ''
    const file = await fetch(`${test.deployment.url}/${script}`)
    expect(file.status).toBe(200)
    expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  })

  it('lists archives, removes deleted ones from the catalogue, and adds those that an export could not add', async () => {
    const { job_id } = test.fullExport.body
    const bucket = test.clients.config.buckets.archives
    for (const path of ['/_backup/archives', '/_backup/archives/latest']) {
      const gone = await test.api.request('GET', '/memo/export?wait=25')
      await test.expectEvent(gone.body.job_id, 'Export Succeeded')
      const missing = await test.api.request('GET', '/city/export?wait=25')
      // Before the event, the export itself adds its archive and withdraws the announcement.
      await test.expectEvent(missing.body.job_id, 'Export Succeeded')
      const Item = {
        pk: { S: 'archives#announced' },
        sk: { S: missing.body.job_id },
        created_at: { S: '2026-01-01T00:00:00.000Z' },
      }
      await test.clients.dynamo.send(new PutItemCommand({ TableName: test.clients.config.tables.jobs, Item }))
      await test.clients.s3.send(
        new DeleteObjectCommand({ Bucket: bucket, Key: (gone.body['archive'] as { key: string }).key }),
      )
      const answer = await test.api.request('GET', path)
      expect(answer.status).toBe(200)
      expect(JSON.stringify(answer.body)).not.toContain(gone.body.job_id)
    }
    expect(await test.api.request('GET', '/_backup/archives?to=2026-01-02T00:00:00Z')).toMatchObject({
      body: { archives: [{ models: { city: {} } }, { models: { city: {} } }] },
    })
    const { body } = await test.api.request('GET', '/_backup/archives?complete=true&limit=200')
    expect(body['archives']).toContainEqual(
      expect.objectContaining({
        job_id,
        last_proved: { at: expect.any(String) as string, job_id: expect.any(String) as string },
      }),
    )
  })

  it('restores the upload of a slot, and cancels a slot', async () => {
    const slot = (await test.api.request('POST', '/_backup/import')).body as unknown as {
      readonly job_id: string
      readonly upload: { url: string; key: string; headers: Record<string, string> }
    }
    const { archive } = test.fullExport.body as unknown as { readonly archive: { readonly key: string } }
    const body = await test.api.getObject(archive.key, test.clients.config.buckets.archives)
    const put = await fetch(slot.upload.url, {
      method: 'PUT',
      headers: slot.upload.headers,
      body: new Uint8Array(body),
    })
    expect(put.status).toBe(200)
    await test.api.sendUploadEvent(slot.upload.key)
    expect(await test.api.request('GET', `/_backup/jobs/${slot.job_id}`)).toMatchObject({
      body: { status: 'succeeded' },
    })
    const other = await test.api.request('POST', '/memo/import')
    expect(await test.api.request('POST', `/_backup/jobs/${other.body.job_id}/cancel`)).toMatchObject({
      body: { status: 'cancelled' },
    })
  })

  it('exports and restores a SpecStar stream', async () => {
    const stream = await test.api.request('GET', `/_backup/export?models=country,memo&format=specstar&wait=25`)
    expect(stream).toMatchObject({ status: 200 })
    const restored = await test.api.request('POST', '/_backup/import?wait=25', { from: { job_id: stream.body.job_id } })
    expect(restored).toMatchObject({ status: 200, body: { verification: { passed: true } } })
  })
}
