import { afterEach, describe, expect, it } from 'vitest'
import { stripVTControlCharacters } from 'node:util'
import { barsOf, rateText } from '../../../functions/cli/terminal/phase-bars.ts'
import { cli } from './cli-run.ts'
import { fakeApi, type FakeApi } from './fake-api.ts'

const JOB = {
  job_id: 'job-1',
  kind: 'export',
  source: 'api',
  requested_by: 'local',
  created_at: '2026-11-30T00:00:00.000Z',
  request: {},
}
const QUEUED = { ...JOB, status: 'queued' }
const RECORDS = {
  ...JOB,
  status: 'running',
  phase: 'export-records',
  started_at: '2026-11-30T00:00:01.000Z',
  progress: { done: 1, total: 4 },
}
const ENDED = { ...JOB, status: 'succeeded', ended_at: '2026-11-30T00:01:00.000Z' }

let api: FakeApi | undefined
afterEach(() => api?.stop())

/** Waits for a job that has these states, one after the other. */
const waitThrough = async (states: readonly object[], tty: boolean, args: readonly string[] = []) => {
  let index = 0
  api = await fakeApi(() => ({ status: 200, body: states[Math.min(index++, states.length - 1)] }))
  return cli(['show', '--wait', 'job-1', ...args], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url }, tty })
}

describe('the progress of a job on a terminal', () => {
  it('is a spinner while the job is queued', async () => {
    const { code, stderr } = await waitThrough([QUEUED, QUEUED, ENDED], true)
    expect(code).toBe(0)
    const text = stripVTControlCharacters(stderr)
    expect(text).toMatch(/[⠋⠙⠹⠸⠼] export job-1: queued/)
    expect(text).not.toContain('░')
  })

  it('is a bar for the workers if no total is known', async () => {
    const { stderr } = await waitThrough([RECORDS, RECORDS, ENDED], true)
    const text = stripVTControlCharacters(stderr)
    expect(text).toContain('export job-1: export-records')
    expect(text).toMatch(/workers +█{6}░{18} 25% {2}1 of 4/)
  })

  it('is a bar for resources and for bytes if their totals are known, with rate and time left', async () => {
    const known = { ...RECORDS, expected: { resources: 1000, bytes: 4096 } }
    const first = { ...known, counts: { resources: 100, bytes: 1024 } }
    const second = { ...known, counts: { resources: 500, bytes: 2048 } }
    const { stderr } = await waitThrough([first, ...Array.from({ length: 5 }, () => second), ENDED], true)
    const text = stripVTControlCharacters(stderr)
    expect(text).toMatch(/resources +█{12}░{12} 50% {2}500 of 1,000/)
    expect(text).toMatch(/bytes +█{12}░{12} 50% {2}2 KiB of 4 KiB/)
    expect(text).toMatch(/500 of 1,000, \d+\/s, about \d+\.\d s left in this phase/)
    expect(text).not.toContain('workers')
  })

  it('never shows more than the total, because totals can be estimates', async () => {
    const { stderr } = await waitThrough(
      [{ ...RECORDS, expected: { resources: 10 }, counts: { resources: 12 } }, ENDED],
      true,
    )
    expect(stripVTControlCharacters(stderr)).toContain('100%  12 of 12')
  })

  it('says by which table the job is throttled', async () => {
    const throttled = [
      { by: 'DynamoDB table shop', operation: 'Query', since: JOB.created_at, last_at: JOB.created_at, attempts: 7 },
    ]
    const { stderr } = await waitThrough([{ ...RECORDS, throttled }, ENDED], true)
    expect(stderr).toContain('throttled by DynamoDB table shop (Query)')
  })

  it('has no colours with NO_COLOR', async () => {
    api = await fakeApi(() => ({ status: 200, body: ENDED }))
    const env = { SPECSTAR_BACKUP_ENDPOINT: api.url }
    const plain = await cli(['show', 'job-1'], { env: { ...env, NO_COLOR: '1' }, tty: true })
    expect(plain.stdout).toContain('status      succeeded')
    expect(plain.stdout).not.toContain('\u001b')
    const coloured = await cli(['show', 'job-1'], { env, tty: true })
    expect(coloured.stdout).toContain('\u001b[32msucceeded\u001b[39m')
  })

  it.each([
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '', NO_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: 'false' }, true, false],
  ])(
    'gives FORCE_COLOR precedence over NO_COLOR, unless it is empty: %j, on a terminal: %s',
    async (colours, tty, isColoured) => {
      api = await fakeApi(() => ({ status: 200, body: ENDED }))
      const { stdout } = await cli(['show', 'job-1'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url, ...colours }, tty })
      expect(stdout.includes('\u001b[32m')).toBe(isColoured)
    },
  )
})

describe('the rate of a bar', () => {
  it('counts only the work that was observed', () => {
    const bar = { name: 'resources', done: 900, total: 1_000 }
    expect(rateText(bar, { seconds: 10, from: 700 })).toBe('900 of 1,000, 20/s, about 5.0 s left')
    expect(rateText(bar, { seconds: 10, from: 900 })).toBe('900 of 1,000')
  })

  it('has no time left before a tenth of the work was observed, and none at the end', () => {
    const rate = (done: number) => rateText({ name: 'blobs', done, total: 1_000 }, { seconds: 10, from: 0 })
    expect(rate(99)).toBe('99 of 1,000, 10/s')
    expect(rate(100)).toBe('100 of 1,000, 10/s, about 1 min 30 s left')
    expect(rate(1_000)).toBe('1,000 of 1,000, 100/s')
  })
})

describe('the bars of a phase', () => {
  it('do not estimate the time from the number of blobs if their bytes are counted', () => {
    const job = { ...RECORDS, counts: { blobs: 1, bytes: 10 }, expected: { blobs: 2, bytes: 1_000 } }
    const observed = { seconds: 10, from: 0 }
    expect(barsOf(job).map((bar) => rateText(bar, observed))).toEqual(['1 of 2, 0/s', '10 B of 1000 B, 1 B/s'])
    const later = { ...job, counts: { blobs: 1, bytes: 500 } }
    expect(barsOf(later).map((bar) => rateText(bar, observed))).toEqual([
      '1 of 2, 0/s',
      '500 B of 1000 B, 50 B/s, about 10 s left',
    ])
  })
})

describe('the progress of a job without a terminal', () => {
  it('is a line for each phase, without bars and control characters', async () => {
    const { stdout, stderr } = await waitThrough([QUEUED, RECORDS, RECORDS, ENDED], false)
    expect(stderr).toBe('export job-1: queued\nexport job-1: export-records\n')
    expect(stdout).not.toContain('\u001b')
  })

  it('is absent with --json', async () => {
    const { stdout, stderr } = await waitThrough([QUEUED, RECORDS, ENDED], false, ['--json'])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual(ENDED)
  })
})

describe('the exit code', () => {
  it.each([
    [{ status: 'succeeded' }, 0],
    [{ status: 'partial' }, 3],
    [{ status: 'cancelled' }, 5],
    [{ status: 'expired' }, 5],
    [{ status: 'failed', error: { type: 'torn-resources', title: 'Torn', status: 409, detail: 'torn' } }, 1],
    [{ status: 'failed', error: { type: 'verification-failed', title: 'Failed', status: 409, detail: 'no' } }, 4],
  ])('of a job with %j is %i', async (end, code) => {
    expect((await waitThrough([{ ...ENDED, ...end }], false)).code).toBe(code)
  })
})

describe('a request to the API', () => {
  it('is repeated if the API is throttled', async () => {
    let attempts = 0
    api = await fakeApi(() => {
      attempts += 1
      return attempts < 3 ? { status: 503, body: { message: 'Service Unavailable' } } : { status: 200, body: ENDED }
    })
    expect((await cli(['show', 'job-1'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })).code).toBe(0)
    expect(attempts).toBe(3)
  })

  it('starts a job once, because every attempt has the same idempotency key', async () => {
    const keys: unknown[] = []
    api = await fakeApi(({ method, headers }) => {
      if (method === 'GET') return { status: 200, body: ENDED }
      keys.push(headers['idempotency-key'])
      return keys.length === 1 ? { status: 503, body: {} } : { status: 202, body: { ...JOB, status: 'queued' } }
    })
    expect((await cli(['export'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })).code).toBe(0)
    expect(keys).toHaveLength(2)
    expect(keys[0]).toMatch(/^specstar-backup-/)
    expect(keys[1]).toBe(keys[0])
  })

  it('names the address if another server responds', async () => {
    api = await fakeApi(() => ({ status: 200, body: { hello: 'world' } }))
    const { code, stderr } = await cli(['show', 'job-1'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })
    expect(code).toBe(1)
    expect(stderr).toContain('is not one of this API')
    expect(stderr).toContain('Check --endpoint')
  })
})
