import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { pythonWithSpecStar } from '../python/packages.ts'
import { TestProgram } from '../workflows/program.ts'

const SCRIPT = fileURLToPath(new URL('answers.py', import.meta.url))

/** The requests, in the order in which both programs receive them. */
const REQUESTS = [
  { path: '/_backup/import', file: 'catalogue.acbak' },
  { path: '/guild/import', file: 'guild.acbak' },
  { path: '/guild/import?on_duplicate=skip', file: 'guild.acbak' },
  { path: '/_backup/import?on_duplicate=skip', file: 'character-qb.acbak' },
  { path: '/guild/import?on_duplicate=raise_error', file: 'guild.acbak' },
  { path: '/guild/import?on_duplicate=replace', file: 'guild.acbak' },
  { path: '/guild/import', file: 'broken/version-1.acbak' },
  { path: '/_backup/import', file: 'broken/cut-mid-record.acbak' },
  { path: '/_backup/import', file: 'broken/unknown-model.acbak' },
  { path: '/nobody/import', file: 'guild.acbak' },
].map(({ path, file }) => ({
  path,
  file: fileURLToPath(new URL(`../fixtures/specstar/${file}`, import.meta.url)),
}))

const Answer = z.object({ status: z.int(), type: z.string(), body: z.record(z.string(), z.unknown()) })
type Answer = z.output<typeof Answer>

let test: TestProgram
let theirs: readonly Answer[]
beforeAll(async () => {
  const python = await pythonWithSpecStar()
  const child = spawn(python, ['-W', 'ignore', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(REQUESTS))
  theirs = z.array(Answer).parse(JSON.parse(await text(child.stdout)))
  test = await TestProgram.start()
}, 600_000)
afterAll(() => test.stop())

const send = async (path: string, file: string): Promise<Answer> => {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(await readFile(file))]), 'x.acbak')
  const headers = { 'X-SpecStar-Response': '1' }
  const response = await fetch(`${test.program.url}${path}`, { method: 'POST', headers, body: form })
  const type = response.headers.get('content-type')
  return Answer.parse({ status: response.status, type, body: await response.json() })
}

describe('with the header X-SpecStar-Response, an import', () => {
  it.each(REQUESTS.map((request, k) => ({ ...request, k })))(
    'of request $k to $path has the status and the form of the answer of the real SpecStar',
    async ({ k, path, file }) => {
      const ours = await send(path, file)
      const { status, type, body } = theirs[k] ?? expect.fail('SpecStar has not answered')
      expect({ status: ours.status, type: ours.type }).toEqual({ status, type })
      if (status === 200) expect(ours.body).toEqual(body)
      // The texts of errors differ.
      else for (const failure of [ours.body, body]) expect(failure).toEqual({ detail: expect.any(String) as string })
    },
  )
})
