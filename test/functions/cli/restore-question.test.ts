import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli, jsonLines } from './cli-run.ts'
import { fakeApi, type FakeApi } from './fake-api.ts'

const JOB = {
  job_id: 'job-1',
  kind: 'restore',
  status: 'running',
  source: 'api',
  requested_by: 'local',
  created_at: '2026-11-30T00:00:00.000Z',
}

let api: FakeApi
let posts = 0
beforeEach(async () => {
  posts = 0
  api = await fakeApi(({ method }) => {
    if (method === 'POST') posts += 1
    return { status: 200, body: JOB }
  })
})
afterEach(async () => {
  await api.stop()
})

const restore = (more: readonly string[], options: Parameters<typeof cli>[1] = {}) =>
  cli(['restore', 'job-2', '--no-wait', ...more], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url }, ...options })

/** Types `answer` at the first question. */
const answering = (answer: string): ((all: string) => string | undefined) => {
  let hasAnswered = false
  return (all) => {
    if (hasAnswered || !all.includes('Continue (y/N)?')) return undefined
    hasAnswered = true
    return answer
  }
}

describe('the question of restore', () => {
  it('is asked in a terminal that cannot draw progress bars', async () => {
    const env = { SPECSTAR_BACKUP_ENDPOINT: api.url, TERM: 'dumb' }
    const { code } = await restore([], { env, tty: true, onNote: answering('n\r') })
    expect({ code, posts }).toEqual({ code: 1, posts: 0 })
  })

  it('must be answered by --yes if stdin is a terminal but stderr is not', async () => {
    const { code, stderr } = await restore([], { ttyStdin: true })
    expect({ code, posts }).toEqual({ code: 2, posts: 0 })
    expect(stderr).toContain('--yes: must be given, because the restore changes the store and the command cannot ask')
    expect((await restore(['--yes'], { ttyStdin: true })).code).toBe(0)
    expect((await restore(['--dry-run'], { ttyStdin: true })).code).toBe(0)
    expect(posts).toBe(2)
  })

  it('must be answered by --yes on a terminal with --json', async () => {
    const { code, stderr } = await restore(['--json'], { tty: true })
    expect({ code, posts }).toEqual({ code: 2, posts: 0 })
    expect(jsonLines(stderr)).toMatchObject([
      { error: { type: 'usage', detail: expect.stringContaining('--yes') as string } },
    ])
    expect((await restore(['--json', '--yes'], { tty: true })).code).toBe(0)
  })

  it('is not asked if stdin is not a terminal', async () => {
    expect((await restore([])).code).toBe(0)
    expect(posts).toBe(1)
  })

  it('names the version of the archive', async () => {
    const { stderr } = await cli(['restore', 's3://bucket/key?versionId=a%2Bb'], {
      env: { SPECSTAR_BACKUP_ENDPOINT: api.url },
      tty: true,
      onNote: answering('n\r'),
    })
    expect(stderr).toContain('The restore of version a+b of s3://bucket/key at ')
  })
})
