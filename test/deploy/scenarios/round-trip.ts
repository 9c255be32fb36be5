import { randomBytes } from 'node:crypto'
import { beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { type StoreContents, readContents, stableContents, wipe } from '../../contents.ts'
import { buildBlobs, buildResource, combine, sampleStore, writeToStore } from '../../workflows/sample-store.ts'
import { sendHttps } from '../aws/https.ts'
import type { DeployTest } from '../deploy-test.ts'

const MIB = 1024 * 1024
const RESTORED = { status: 'succeeded', result: { verification: { passed: true } } }
const Exported = z.object({ url: z.string(), archive: z.object({ size: z.int() }) })
const Slot = z.object({
  job_id: z.string(),
  upload: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }),
})

/** Exports and restores through the API. */
export const roundTrip = (test: () => DeployTest): void => {
  let before: StoreContents
  let exportId: string
  let archive: Buffer

  beforeAll(async () => {
    const { main, models } = test()
    await wipe(main.clients)
    const song = { file_id: 'anthem', size: 17 * MIB }
    await writeToStore(
      main.clients,
      combine(
        sampleStore(models),
        // S3 copies a blob of this size into the archive. Smaller blobs pass through a function.
        buildBlobs({ anthem: randomBytes(17 * MIB) }),
        buildResource(models, { model: 'memo', id: 'song', payloads: [{ text: 'la', sound: song }] }),
      ),
    )
    before = await readContents(main.clients)
  })

  it('exports the store, and signs a URL from which the archive can be downloaded', async () => {
    const { main, state } = test()
    const job = await (await main.api()).run('GET', '/_backup/export')
    expect(job).toMatchObject({ status: 'succeeded', result: { complete: true } })
    exportId = job.job_id
    const { url, archive: stored } = Exported.parse(job['result'])
    const download = await sendHttps(state.address, { method: 'GET', url: new URL(url) })
    expect(download.status).toBe(200)
    expect(download.body.length).toBe(stored.size)
    archive = download.body
    const other = new URL(url.replace(exportId, 'another-archive'))
    expect(await sendHttps(state.address, { method: 'GET', url: other })).toMatchObject({ status: 403 })
  })

  it('restores the export byte for byte and verifies it', async () => {
    const { main } = test()
    const api = await main.api()
    await wipe(main.clients)
    const job = await api.run('POST', '/_backup/import', { from: { job_id: exportId } })
    expect(job).toMatchObject(RESTORED)
    expect(stableContents(await readContents(main.clients))).toEqual(stableContents(before))
    expect(await api.request('GET', `/_backup/jobs/${job.job_id}/report`)).toMatchObject({
      status: 200,
      body: { passed: true },
    })
  })

  it('restores an archive that was uploaded to an upload slot', async () => {
    const { main, state } = test()
    const api = await main.api()
    await wipe(main.clients)
    const { body } = await api.request('POST', '/_backup/import')
    const { job_id, upload } = Slot.parse(body)
    const put = { method: 'PUT', url: new URL(upload.url), headers: upload.headers }
    expect(await sendHttps(state.address, { ...put, body: archive })).toMatchObject({ status: 200 })
    expect(await api.ended(job_id)).toMatchObject(RESTORED)
    expect(stableContents(await readContents(main.clients))).toEqual(stableContents(before))
    // A slot accepts one archive.
    expect(await sendHttps(state.address, { ...put, body: archive })).toMatchObject({ status: 412 })
  })
}
