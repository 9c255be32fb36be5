import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { StoreContents } from '../contents.ts'
import { BROKEN_ARCHIVES } from './broken-archives.ts'
import { Catalogue } from './catalogue.ts'

const Slot = z.object({
  job_id: z.string(),
  upload: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }),
})
const Problem = z.looseObject({ type: z.string(), status: z.number(), title: z.string(), detail: z.string() })
const FailedJob = z.object({ status: z.literal('failed'), error: Problem })
const FailedReport = z.object({ passed: z.literal(false), job_id: z.string(), error: Problem })
type Problem = z.output<typeof Problem>

/**
 * Sends an archive to the route of a model or of all models (`_backup`). Returns the problem with which it is rejected.
 */
type Upload = (scope: string, archive: Buffer) => Promise<Problem>

let test: Catalogue
let before: StoreContents
let uploads = 0
beforeAll(async () => {
  const opened = await Catalogue.open({ scope: 'guild' })
  test = opened.test
  before = opened.before
})
afterAll(() => test.stop())

const problemIn = (status: number, body: unknown): Problem => {
  const problem = Problem.parse(body)
  expect(problem.status).toBe(status)
  return problem
}

const UPLOADS: Readonly<Record<string, Upload>> = {
  'as the body of a request': async (scope, archive) => {
    const { status, body } = await test.request('POST', `/${scope}/import?wait=25`, archive)
    return problemIn(status, body)
  },
  'as a field of a form': async (scope, archive) => {
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(archive)]), 'some.acbak')
    const response = await fetch(`${test.program.url}/${scope}/import?wait=25`, { method: 'POST', body: form })
    return problemIn(response.status, await response.json())
  },
  'in an upload slot': async (scope, archive) => {
    const { job_id, upload } = Slot.parse((await test.request('POST', `/${scope}/import`)).body)
    const put = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: new Uint8Array(archive) })
    expect(put.status).toBe(200)
    return FailedJob.parse(await test.waitForEnd(job_id)).error
  },
  'as an upload to the restore bucket': async (scope, archive) => {
    const { restores } = test.program.services.config.buckets
    const key = `overwrite/${scope === '_backup' ? '_all' : scope}/${++uploads} of some.acbak`
    await test.putObject(key, archive, restores)
    const { job_id, error } = FailedReport.parse(await test.waitForReport(key))
    expect(FailedJob.parse(await test.waitForEnd(job_id)).error).toEqual(error)
    return error
  },
  'as an object that the request names': async (scope, archive) => {
    const from = { bucket: test.archive.bucket, key: `broken/${++uploads}.acbak` }
    await test.putObject(from.key, archive, from.bucket)
    const { status, body } = await test.request('POST', `/${scope}/import?wait=25`, { from })
    return problemIn(status, body)
  },
}

describe.each(BROKEN_ARCHIVES)('$name', ({ bytes, problem, scope = '_backup' }) => {
  it.each(Object.entries(UPLOADS))('is rejected %s, and nothing is written', async (_name, upload) => {
    const { detail, ...members } = problem
    const rejected = await upload(scope, bytes)
    expect(rejected).toMatchObject({ status: 400, ...members })
    expect(rejected.detail).toMatch(detail)
    expect(rejected.detail).toMatch(/nothing was written/i)
    expect(await test.contents()).toEqual(before)
  })
})

describe('the next restore of a valid archive', () => {
  it('succeeds, because rejected archives leave no leases', async () => {
    expect(await test.restore('guild', 'on_duplicate=skip')).toMatchObject({
      status: 200,
      body: { status: 'succeeded', verification: { passed: true } },
    })
    expect(await test.contents()).toEqual(before)
  })
})
