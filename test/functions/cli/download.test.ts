import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Intercept, type RangeServer, startRangeServer } from './archives/range-server.ts'
import { cli, jsonLines } from './cli-run.ts'
import { type FakeApi, fakeApi } from './fake-api.ts'

const BYTES = Buffer.alloc(200_000, 'archive')
const EXPORTED = {
  job_id: 'e-1',
  kind: 'export',
  status: 'succeeded',
  source: 'api',
  requested_by: 'me',
  created_at: '2026-03-01T00:00:09.000Z',
}

let folder: string
let api: FakeApi
let server: RangeServer | undefined
let job: object = EXPORTED
let lookups = 0
/** Called for each request for the job. */
let onLookup: () => void = () => undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-download-'))
  lookups = 0
  onLookup = () => undefined
  api = await fakeApi((request) => {
    if (request.method === 'GET') {
      lookups += 1
      onLookup()
    }
    return { status: 200, body: job }
  })
})

afterEach(async () => {
  await api.stop()
  await server?.stop()
  server = undefined
  await rm(folder, { recursive: true })
})

const serve = async (intercept?: Intercept, size = BYTES.length): Promise<void> => {
  server = await startRangeServer(BYTES, intercept === undefined ? {} : { intercept })
  job = resultOf({ url: server.url, archive: { bucket: 'b', key: 'k', size } })
}
const resultOf = (result: object): object => ({ ...EXPORTED, result })
const run = (args: readonly string[], options: Parameters<typeof cli>[1] = {}) =>
  cli(args, { env: { SPECSTAR_BACKUP_ENDPOINT: api.url }, ...options })
const target = (): string => join(folder, 'b.acbak')

describe('specstar-backup download', () => {
  it('writes the archive of a job to a new file that only the user may read', async () => {
    await serve()
    const { code, stdout } = await run(['download', 'e-1', '-o', target()])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Downloaded 195 KiB to ${target()}\n` })
    expect((await readFile(target())).equals(BYTES)).toBe(true)
    expect((await stat(target())).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['b.acbak'])
  })

  it.each([
    [403, 'after the old one has expired'],
    [400, 'after the credentials that signed the old one have expired'],
  ])('continues after a broken connection, and after status %i with a new URL: %s', async (status) => {
    let isExpired = false
    await serve((_request, response, count) => {
      if (count === 2) {
        response.writeHead(206, { 'content-range': `bytes 0-199999/200000`, 'content-length': 200_000 })
        response.write(BYTES.subarray(0, 70_000), () => response.destroy())
        isExpired = true
        return true
      }
      if (!isExpired) return false
      response.writeHead(status).end()
      return true
    })
    onLookup = () => {
      if (lookups > 1) isExpired = false
    }
    expect((await run(['download', 'e-1', '-o', target()])).code).toBe(0)
    expect((await readFile(target())).equals(BYTES)).toBe(true)
    expect(server?.ranges.at(-1)).toMatch(/^bytes=[1-9]\d+-199999$/)
  })

  it('replaces neither a file nor a link', async () => {
    await serve()
    const secret = join(folder, 'secret')
    await writeFile(secret, 'mine')
    await symlink(join(folder, 'absent'), join(folder, 'dangling'))
    for (const path of [secret, join(folder, 'dangling')])
      expect(await run(['download', 'e-1', '-o', path])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`${path} exists already`) as string,
      })
    expect(await readFile(secret, 'utf8')).toBe('mine')
    expect((await lstat(join(folder, 'dangling'))).isSymbolicLink()).toBe(true)
  })

  it('does not mix two downloads with the same name', async () => {
    await serve()
    const codes = await Promise.all(
      Array.from({ length: 4 }, async () => (await run(['download', 'e-1', '-o', target()])).code),
    )
    expect(codes.toSorted((a, b) => a - b)).toEqual([0, 2, 2, 2])
    expect((await readFile(target())).equals(BYTES)).toBe(true)
    expect(await readdir(folder)).toEqual(['b.acbak'])
  })

  it('ends at Ctrl-C even if the server does not respond, removes the file, and says how to start again', async () => {
    let stalled: (() => void) | undefined
    const isStalled = new Promise<void>((resolve) => (stalled = resolve))
    await serve((_request, response, count) => {
      if (count < 2) return false
      response.writeHead(206, { 'content-range': `bytes 0-199999/200000`, 'content-length': 200_000 })
      response.write(BYTES.subarray(0, 70_000), () => stalled?.())
      return true
    })
    const interruptWhen = isStalled.then(() => new Promise((resolve) => setTimeout(resolve, 50)))
    const { code, stderr } = await run(['download', 'e-1', '-o', target()], { interruptWhen })
    expect(code).toBe(130)
    expect(stderr).toContain(`The archive is kept: specstar-backup download e-1 -o ${target()}`)
    expect(await readdir(folder)).toEqual([])
    server?.closeConnections()
  })

  it('says how to start again if it fails, without the signature of the URL', async () => {
    await serve((_request, response) => {
      response.writeHead(410).end()
      return true
    })
    const { code, stderr } = await run(['download', 'e-1', '-o', target()])
    expect(code).toBe(1)
    expect(stderr).toContain('the server returned 410')
    expect(stderr).toContain(`To try again: specstar-backup download e-1 -o ${target()}`)
    expect(stderr).not.toContain('Signature')
    expect(await readdir(folder)).toEqual([])
  })

  it('rejects an object whose size is not that of the export', async () => {
    await serve(undefined, 5)
    const { code, stderr } = await run(['download', 'e-1', '-o', target()])
    expect(code).toBe(1)
    expect(stderr).toContain('the object has 200000 bytes, but the export has written 5')
  })

  it.each([
    [{ ...EXPORTED, status: 'running' }, 'job e-1 has no archive, because its status is running'],
    [{ ...EXPORTED, kind: 'restore' }, 'job e-1 is not an export'],
  ])('rejects a job without an archive', async (state, message) => {
    job = state
    const { code, stderr } = await run(['download', 'e-1', '-o', target()])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})

describe('the argument of download', () => {
  it.each([
    ['https://host.example/a.acbak?X-Amz-Signature=secret', 'https://host.example/a.acbak cannot be downloaded'],
    ['./b.acbak', './b.acbak cannot be downloaded'],
  ])('must not be %s', async (address, message) => {
    const { code, stderr } = await run(['download', address, '-o', target()])
    expect(code).toBe(2)
    expect(stderr).toContain(`archive: ${message}; pass the id of an export job, or s3://bucket/key[?versionId=…]`)
    expect(stderr).not.toContain('secret')
  })
})

describe('a command that reads archives', () => {
  it('reads the archive of a job by range requests', async () => {
    const bytes = await readFile(new URL('../../fixtures/acbak/catalogue-v3.acbak', import.meta.url))
    server = await startRangeServer(bytes)
    job = resultOf({ url: server.url, archive: { bucket: 'b', key: 'k', size: bytes.length } })
    const { code, stdout, stderr } = await run(['ls', 'e-1'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^guild +12 +39$/m)
    expect(stderr).toBe('Read 8 KiB of 1.29 MiB with 3 requests.\n')
  })

  it('says if there is neither a file nor a job', async () => {
    await api.stop()
    api = await fakeApi(() => ({
      status: 404,
      body: { type: 'unknown-job', title: 'Unknown job', status: 404, detail: 'no' },
    }))
    expect(await run(['ls', 'e-1'])).toMatchObject({
      code: 2,
      stderr: 'error: there is no file and no job with the name e-1\n',
    })
  })
})

describe('export --output', () => {
  it('fails if the result contains no archive that it can download', async () => {
    job = resultOf({ models: {} })
    const { code, stderr } = await run(['export', '-o', target()])
    expect(code).toBe(1)
    expect(stderr).toContain('update this command')
    expect(await readdir(folder)).toEqual([])
  })

  it('downloads the archive even if it cannot show the result', async () => {
    await serve()
    job = { ...EXPORTED, result: { ...(job as { result: object }).result, models: 'new form' } }
    const { code, stdout } = await run(['export', '-o', target()])
    expect(code).toBe(0)
    expect(stdout).toContain('This version of the command cannot show the result')
    expect((await readFile(target())).equals(BYTES)).toBe(true)
  })

  it.each([[[]], [['--json']]])('writes only the archive to stdout with -, %j', async (more) => {
    await serve()
    const sound = await run(['export', '-o', '-', ...more])
    expect(sound.code).toBe(0)
    expect(sound.stdout).toBe(BYTES.toString())
    expect(sound.stderr).toContain('e-1')
    job = { ...EXPORTED, status: 'cancelled' }
    const cancelled = await run(['export', '-o', '-', ...more])
    expect(cancelled).toMatchObject({ code: 5, stdout: '' })
    expect(cancelled.stderr).toContain('cancelled')
    if (more.length > 0) expect(jsonLines(cancelled.stderr)).toMatchObject([{ job_id: 'e-1' }])
  })

  it('writes the job of an interrupted export to stderr with -, because stdout contains the archive', async () => {
    job = { ...EXPORTED, status: 'running' }
    const waiting = Promise.withResolvers<undefined>()
    onLookup = () => {
      waiting.resolve(undefined)
    }
    const { code, stdout, stderr } = await run(['export', '-o', '-', '--json'], { interruptWhen: waiting.promise })
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(jsonLines(stderr)).toEqual([{ job_id: 'e-1', interrupted: true }])
  })

  it('does not write an archive to a terminal', async () => {
    const { code, stderr } = await run(['export', '-o', '-'], { tty: true })
    expect(code).toBe(2)
    expect(stderr).toContain('stdout is a terminal')
    expect(lookups).toBe(0)
  })
})

describe('presigned URLs', () => {
  it('are printed without their signature, unless --show-urls is given', async () => {
    await serve()
    const hidden = await run(['show', 'e-1', '--json'])
    expect(hidden.stdout).not.toContain('secret')
    expect(jsonLines(hidden.stdout)).toMatchObject([{ result: { url: expect.stringMatching(/\?…$/) as string } }])
    expect((await run(['show', 'e-1', '--json', '--show-urls'])).stdout).toContain('X-Amz-Signature=secret')
  })
})

describe('the exit code of show --wait', () => {
  it('is 4 for a check of a damaged archive, as that of verify', async () => {
    const error = { type: 'entry-corrupt', title: 'Damaged', status: 400, detail: 'no' }
    job = { ...EXPORTED, kind: 'check', status: 'failed', error }
    expect((await run(['show', '--wait', 'e-1'])).code).toBe(4)
    job = { ...EXPORTED, kind: 'restore', status: 'failed', error }
    expect((await run(['show', '--wait', 'e-1'])).code).toBe(1)
  })

  it.each(['unknown-models', 'unsupported-version'])(
    'is 1 for a check that failed with %s, because the archive may be intact',
    async (type) => {
      const error = { type, title: 'Not read', status: 400, detail: 'no' }
      job = { ...EXPORTED, kind: 'check', status: 'failed', error }
      expect((await run(['show', '--wait', 'e-1'])).code).toBe(1)
    },
  )
})

describe('the result of a restore', () => {
  it('says what was left in the store', async () => {
    job = { ...EXPORTED, kind: 'restore', result: { target_only: { city: 3 }, target_only_unknown: ['guild'] } }
    const { stdout } = await run(['show', 'e-1'])
    expect(stdout).toContain('3 resources of model city in the store that the archive does not contain')
    expect(stdout).toContain('Not counted in time: resources of model guild')
  })
})

describe('the result of a suspicious export', () => {
  it('says what has shrunk, and what a caller has decided', async () => {
    const findings = [{ model: 'city', count: 'resources', before: 2_000, now: 0, compared_with: 'e-0' }]
    job = { ...EXPORTED, result: { suspicious: { resources: 0, findings } } }
    const { stdout } = await run(['show', 'e-1'])
    expect(stdout).toContain('Suspicious: the archive contains much less than an earlier one')
    expect(stdout).toContain('  city: 0 resources, before 2,000')
    job = { ...EXPORTED, result: { suspicious: { resources: 0, findings, decision: { decision: 'rejected' } } } }
    expect((await run(['show', 'e-1'])).stdout).toContain('Suspicious, and rejected by a caller')
  })
})
