import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeArchive } from '../../archive/sample.ts'
import { type FakeApi, fakeApi } from './fake-api.ts'

const run = promisify(execFile)
const COMMAND = fileURLToPath(new URL('../../../functions/cli/specstar-backup.ts', import.meta.url))

let api: FakeApi
let folder: string

beforeAll(async () => {
  api = await fakeApi(({ url = '' }) => ({
    status: 200,
    body: {
      job_id: 'j',
      kind: 'restore',
      status: url.includes('running') ? 'running' : 'failed',
      source: 'api',
      requested_by: 'x',
      created_at: '2026-03-01T00:00:09.000Z',
      error: { type: 'verification-failed', title: 'Verification failed', status: 500, detail: 'no' },
    },
  }))
  folder = await mkdtemp(join(tmpdir(), 'specstar-pipe-'))
  const ids = Array.from({ length: 3_000 }, (_, index) => `a-rather-long-id-of-a-city-${index}`)
  const city = ids.map((id) => ({ id, revisions: [{ n: 1, data: '{}' }] }))
  await writeFile(join(folder, 'a.acbak'), await writeArchive({ models: { city } }))
})

afterAll(async () => {
  await api.stop()
  await rm(folder, { recursive: true })
})

/** Runs `before` and the command in bash, with `redirection` behind it. Returns its exit code and stderr. */
const piped = async (args: string, redirection: string, before = ''): Promise<{ code: string; stderr: string }> => {
  const script = `${before} "$0" "$1" ${args} ${redirection}; echo "\${PIPESTATUS[0]}" >&3`
  const { stdout, stderr } = await run('bash', ['-c', `exec 3>&1; { ${script}; }`, process.execPath, COMMAND], {
    cwd: folder,
    env: { ...process.env, SPECSTAR_BACKUP_ENDPOINT: api.url, XDG_CONFIG_HOME: '/nonexistent' },
  })
  return { code: stdout.trim().split('\n').at(-1) ?? '', stderr }
}

describe('a command that is asked to end', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s prints the id of the job that goes on, and returns %i', async (signal, expected) => {
    const child = spawn(process.execPath, [COMMAND, 'show', '--wait', 'running'], {
      env: { ...process.env, SPECSTAR_BACKUP_ENDPOINT: api.url, XDG_CONFIG_HOME: '/nonexistent' },
    })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      if (stderr.includes('restore j: ')) child.kill(signal)
    })
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(expected)
    expect(stderr).toContain('job running goes on: specstar-backup show --wait running')
  })
})

describe('a command whose output is closed before its end', () => {
  it('keeps the exit code of its result', async () => {
    expect(await piped('show --wait j', '| true')).toMatchObject({ code: '4' })
  })

  it('ends as other commands do if it would have written more', async () => {
    expect(await piped('ls a.acbak city', '| head -n 1 >/dev/null')).toEqual({ code: '141', stderr: '' })
  })

  it('does not fail because of a closed stderr', async () => {
    // The reader of the pipe has ended before the command begins.
    expect(await piped('ls a.acbak', '2>&4', 'exec 4> >(true); wait $!;')).toMatchObject({ code: '0' })
  })

  it.runIf(process.platform === 'linux')('says so if stdout cannot be written', async () => {
    expect(await piped('show --wait j', '> /dev/full')).toEqual({
      code: '1',
      stderr: expect.stringMatching(/^(?:.*\n)*error: stdout cannot be written: ENOSPC.*\n$/) as string,
    })
    expect(await piped('ls a.acbak city', '> /dev/full')).toEqual({
      code: '1',
      stderr: expect.stringMatching(/^error: stdout cannot be written: ENOSPC.*\n$/) as string,
    })
  })
})
