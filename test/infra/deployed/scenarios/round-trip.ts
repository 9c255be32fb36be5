import { expect, it } from 'vitest'
import { craftItems } from '../../../archive/craft.ts'
import { putItems, readContents, removeItems, stableContents, wipe } from '../../../contents.ts'
import { findResource, nth } from '../../../workflows/catalogue.ts'
import type { DeployedTest } from '../deployed-test.ts'
import { expectList } from '../deployment-client.ts'

const SCOPE = 'models=city,country,memo'

/** Exports, restores and checks that succeed, or that describe what is wrong. */
export const roundTrip = (test: DeployedTest): void => {
  it('exports the store, and signs a URL with a session that can read only this archive', async () => {
    test.contents = await readContents(test.clients)
    test.fullExport = await test.api.request('GET', `/_backup/export?${SCOPE}&wait=25`)
    expect(test.fullExport).toMatchObject({ status: 200, body: { status: 'succeeded', complete: true } })
    const answer = await fetch(String(test.fullExport.body['url']))
    expect(answer.status).toBe(200)
    await answer.arrayBuffer()
    expect(test.deployment.aws.sessions.at(-1)).toMatchObject({
      Statement: [{ Action: 's3:GetObjectVersion' }, { Resource: '*' }],
    })
    await test.expectEvent(test.fullExport.body.job_id, 'Export Succeeded', { status: 'succeeded' })
  })

  it('restores the export byte for byte and verifies it', async () => {
    await wipe(test.clients)
    const answer = await test.api.request('POST', '/_backup/import?wait=25', {
      from: { job_id: test.fullExport.body.job_id },
    })
    expect(answer).toMatchObject({ status: 200, body: { status: 'succeeded', verification: { passed: true } } })
    expect(stableContents(await readContents(test.clients))).toEqual(stableContents(test.contents))
    await test.expectEvent(answer.body.job_id, 'Restore Succeeded')
    expect(await test.api.request('GET', `/_backup/jobs/${answer.body.job_id}/report`)).toMatchObject({
      body: { passed: true },
    })
  })

  it('checks the export in the archive bucket, without a restore', async () => {
    const answer = await test.api.request('POST', '/_backup/check?wait=25', {
      from: { job_id: test.fullExport.body.job_id },
    })
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'succeeded', models: test.fullExport.body['models'], verification: { passed: true } },
    })
    await test.expectEvent(answer.body.job_id, 'Check Succeeded')
    expect(await test.api.request('GET', `/_backup/jobs/${answer.body.job_id}/report`)).toMatchObject({
      body: { passed: true, checks: { content: { passed: true } } },
    })
  })

  it('leaves out a resource that could not be restored if strict is false', async () => {
    const [item = {}] = [...test.contents.items.values()].filter(({ pk }) => pk?.S?.startsWith('memo#m#'))
    await putItems(test.clients, [{ ...item, updated_by: { N: '1' } }])
    const answer = await test.api.request('GET', '/memo/export?strict=false&wait=25')
    expect(answer).toMatchObject({ status: 200, body: { status: 'partial', left_out: { count: 1 } } })
    const strict = await test.api.request('GET', '/memo/export?wait=25')
    expect(strict).toMatchObject({ status: 409, body: { type: 'unrestorable-resources' } })
    await expectList(strict)
    await putItems(test.clients, [item])
  })

  it('rejects an archive with a resource that cannot be restored, and signs a URL of the list of such resources', async () => {
    const [item = {}] = [...test.contents.items.values()].filter(({ pk }) => pk?.S?.startsWith('memo#m#'))
    const answer = await test.api.request('POST', '/memo/import?wait=25', craftItems('memo', [[item]]))
    expect(answer).toMatchObject({ status: 400, body: { type: 'archive-invalid' } })
    await expectList(answer)
  })

  it('counts items that belong to no resource in an export of everything', async () => {
    const other = { pk: { S: 'other#m#0' }, sk: { S: 'x' } }
    await putItems(test.clients, [other])
    const answer = await test.api.request('GET', '/_backup/export?wait=25')
    expect(answer).toMatchObject({ status: 200, body: { status: 'partial', unaccounted: { count: 1 } } })
    await removeItems(test.clients, [other])
  })

  it('names the differences between the archive and the store, with their fields', async () => {
    const { key, bucket } = test.fullExport.body['archive'] as { bucket: string; key: string }
    const original = await readContents(test.clients)
    // City `d` is now torn, and the current payload of city `e` is spilled.
    const { metadata, revisions } = findResource(original, 'city', 'e')
    const removed = [nth(findResource(original, 'city', 'd').revisions, -1), nth(revisions, -1)]
    await putItems(test.clients, [{ ...metadata, current_revision_id: { S: 'e:2' } }])
    await removeItems(test.clients, removed)
    for (const route of ['/_backup/import', '/city/import']) {
      const answer = await test.api.request('POST', `${route}?dry_run=true&wait=25`, { from: { bucket, key } })
      expect(answer).toMatchObject({ status: 200, body: { differences: { changed: { count: 2 } } } })
      const path = `/_backup/jobs/${answer.body.job_id}`
      const named = { changed: { count: 2 } }
      expect(await test.api.request('GET', path)).toMatchObject({ body: { result: { differences: named } } })
      expect(await test.api.request('GET', `${path}/report`)).toMatchObject({ body: { differences: named } })
      const compared = await test.api.request('GET', `${path}/differences?detail=fields`)
      const counts = [
        { fields_total: 1, revisions_total: 1 },
        { fields_total: 3, revisions_total: 1 },
      ]
      expect(compared).toMatchObject({ status: 200, body: { differences: counts } })
    }
    await putItems(test.clients, [metadata, ...removed])
    expect(stableContents(await readContents(test.clients))).toEqual(stableContents(original))
  })
}
