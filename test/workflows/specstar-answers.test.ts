import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { SpecStarErrorView, SpecStarImportView } from '../../functions/http/specstar-answer.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import { TestProgram } from './program.ts'
import { specstarFile } from './specstar-listing.ts'

/** Answers of the import routes of the real SpecStar 0.12.3. */
const GOLDEN = z
  .object({
    rows: z.array(
      z.object({
        file: z.string(),
        answers: z.array(z.object({ route: z.string(), status: z.int(), body: z.unknown() })),
      }),
    ),
  })
  .parse(JSON.parse(await readFile(new URL('../fixtures/specstar/broken/answers.json', import.meta.url), 'utf8')))

/** The archives in `answers.json` that a restore accepts. SpecStar also accepts some archives that are damaged. */
const SOUND = ['(good) good.acbak', 'without-blobs.acbak']

let test: TestProgram
beforeAll(async () => {
  test = await TestProgram.start()
})
afterAll(() => test.stop())
afterEach(() => test.wipe())

/** Sends an archive as a client of SpecStar does, and asks for SpecStar's answer. */
const send = async (path: string, bytes: Buffer, how: 'multipart' | 'raw body' = 'multipart') => {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(bytes)]), 'x.acbak')
  const response = await fetch(`${test.program.url}${path}`, {
    method: 'POST',
    headers: { 'X-SpecStar-Response': '1' },
    body: how === 'multipart' ? form : new Uint8Array(bytes),
  })
  expect(response.headers.get('content-type')).toBe('application/json')
  const { status, headers } = response
  const body: unknown = await response.json()
  return { status, body, job: headers.get('x-job-id'), job_status: headers.get('x-job-status') }
}

/** Returns the names of the members, at all levels, of an answer. */
const shapeOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]))
    : typeof value

const hasContent = async (): Promise<boolean> => (await test.contents()).items.size > 0

describe.each(GOLDEN.rows)('an import of $file with the header X-SpecStar-Response', ({ file, answers }) => {
  it.each(answers)('is answered in the shape of SpecStar: $route', async ({ route, status, body }) => {
    const [, path = '', how = ''] = /^POST (\S+) \((.*)\)$/.exec(route) ?? []
    const bytes = await specstarFile(`broken/${file.replace('(good) ', '')}`)
    const ours = await send(path, bytes, how === 'multipart' ? how : 'raw body')
    if (SOUND.includes(file)) {
      expect(ours).toMatchObject({ status: 200, body })
      expect(ours.body).toEqual(body)
      expect(SpecStarImportView.parse(ours.body)).toEqual(body)
      const job = await test.program.services.jobs.get(ours.job ?? '')
      expect([job?.kind, job?.status]).toEqual(['restore', ours.job_status])
      return
    }
    expect(ours.status).toBe(400)
    expect(SpecStarErrorView.parse(ours.body)).toEqual(ours.body)
    // SpecStar answers some damaged archives with a 500 that has no JSON, and accepts others.
    if (status >= 400 && status < 500) expect(shapeOf(ours.body)).toEqual(shapeOf(body))
    expect(await hasContent()).toBe(false)
  })
})

describe('an import with the header X-SpecStar-Response', () => {
  const counts = (loaded: number, skipped = 0) => ({ loaded, skipped, total: loaded + skipped })

  it('returns the counts of every model of an archive', async () => {
    const answer = await send('/_backup/import', await specstarFile('catalogue.acbak'))
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.body).toEqual({ character: counts(47), guild: counts(12), item: counts(60) })
  })

  it('returns the counts of skipped resources, the 409 for a duplicate, and the 400 for a wrong parameter', async () => {
    const guild = await specstarFile('guild.acbak')
    expect((await send('/guild/import', guild)).body).toEqual(counts(12))
    expect((await send('/guild/import?on_duplicate=skip', guild)).body).toEqual(counts(0, 12))
    const duplicate = await send('/guild/import?on_duplicate=raise_error', guild)
    // SpecStar: 409 {"detail": "Duplicate resource 'x' already exists during load."}
    expect(duplicate).toMatchObject({ status: 409, job: expect.any(String) as string })
    expect(shapeOf(duplicate.body)).toEqual({ detail: 'string' })
    const wrong = await send('/guild/import?on_duplicate=replace', guild)
    // SpecStar: 400 {"detail": "Invalid on_duplicate: replace. Must be one of: overwrite, skip, raise_error"}
    expect(wrong).toMatchObject({ status: 400, job: null })
    expect(wrong.body).toEqual({ detail: 'on_duplicate: must be one of: overwrite, skip, raise_error' })
    // SpecStar: 404 {"detail": "Not Found"}
    expect(await send('/nobody/import', guild)).toMatchObject({ status: 404 })
  })

  it('returns the job while the restore is running, because SpecStar has no answer for this', async () => {
    const answer = await send('/guild/import?wait=0', await specstarFile('guild.acbak'))
    expect(answer).toMatchObject({ status: 202, body: { kind: 'restore', links: {} } })
    const { job_id } = z.object({ job_id: z.string() }).parse(answer.body)
    expect((await waitForEnd(test.program.services, job_id, 30)).status).toBe('succeeded')
  })

  it.each<[string, string, Record<string, string>, string | undefined]>([
    ['a dry run', '/guild/import?dry_run=true', { 'x-specstar-response': '1' }, 'x'],
    ['an upload slot', '/guild/import', { 'x-specstar-response': '1' }, undefined],
    ['another value of the header', '/guild/import', { 'x-specstar-response': 'true' }, 'x'],
  ])('rejects %s', async (_, path, headers, body) => {
    const response = await fetch(`${test.program.url}${path}`, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body }),
    })
    expect(response.status).toBe(400)
    expect(shapeOf(await response.json())).toEqual({ detail: 'string' })
  })
})

describe('an export with Accept: application/octet-stream', () => {
  const headers = { accept: 'application/octet-stream' }

  it.each(['/guild/export', '/_backup/export'])(
    'ends with the archive for a client of %s that follows redirects, and the client can import it again',
    async (path) => {
      const sent = await send('/_backup/import', await specstarFile('guild.acbak'))
      expect(sent.body).toEqual({ guild: { loaded: 12, skipped: 0, total: 12 } })
      const response = await fetch(`${test.program.url}${path}?format=specstar`, { headers })
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('application/octet-stream')
      const name = path === '/guild/export' ? 'guild' : 'backup'
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename=${name}.acbak`)
      const bytes = Buffer.from(await response.arrayBuffer())
      await test.wipe()
      expect((await send('/guild/import', bytes)).body).toEqual({ loaded: 12, skipped: 0, total: 12 })
    },
  )

  it('redirects to the archive route of the job while the export is running', async () => {
    const response = await fetch(`${test.program.url}/guild/export?wait=0`, { headers, redirect: 'manual' })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toMatch(/^\/_backup\/jobs\/[^/]+\/archive$/)
    const archive = await fetch(`${test.program.url}${response.headers.get('location') ?? ''}`)
    expect(archive.status).toBe(200)
    await archive.arrayBuffer()
  })

  it('returns JSON if the request contains redirect=false', async () => {
    const response = await fetch(`${test.program.url}/guild/export?redirect=false`, { headers, redirect: 'manual' })
    expect(await response.json()).toMatchObject({ status: 'succeeded' })
  })
})
