import { PassThrough, Writable } from 'node:stream'
import { afterEach, expect, describe, it } from 'vitest'
import { runCli } from '../../../functions/cli/run-cli.ts'
import { cli, jsonLines } from './cli-run.ts'
import { type FakeApi, fakeApi } from './fake-api.ts'

const TIME = '2026-03-01T00:00:09.000Z'
const HOSTILE = 'a"\u202eb'

let api: FakeApi
afterEach(() => api.stop())

/**
 * Starts a deployment whose dry run has found these differences, one on each page. Returns the number of pages read.
 */
const deployment = async (
  differences: readonly object[],
  { status = 'succeeded', blobs = { new: 0, changed: 0, same: 0 } } = {},
): Promise<() => number> => {
  let pages = 0
  api = await fakeApi(({ url = '' }) => {
    const { pathname, searchParams } = new URL(url, 'http://api')
    const job = { job_id: 'dry', kind: 'restore', status, source: 's3', requested_by: 'x', created_at: TIME }
    if (!pathname.endsWith('/differences')) return { status: 200, body: { ...job, result: { blobs } } }
    pages += 1
    const at = Number(searchParams.get('cursor') ?? 0)
    const cursor = at + 1 < differences.length ? { cursor: String(at + 1) } : {}
    return { status: 200, body: { differences: differences.slice(at, at + 1), ...cursor } }
  })
  return () => pages
}

const run = (...args: string[]) =>
  cli(['diff', 'job', '--live', ...args], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })

const CHANGED = { group: 'changed', model: 'city', resource_id: HOSTILE }

describe('diff --live', () => {
  it('prints ids as ls does, and names the side that contains a resource', async () => {
    await deployment([
      { group: 'new', model: 'city', resource_id: 'a' },
      CHANGED,
      { group: 'target_only', model: 'city', resource_id: 'c' },
    ])
    const { code, stdout } = await run()
    expect(code).toBe(6)
    expect(stdout.split('\n')).toEqual([
      '- city/a',
      '~ city/"a\\"\\u202eb"',
      '+ city/c',
      '1 resource only in the store, 1 changed, 1 only in the archive',
      '0 blobs changed, 0 only in the archive',
      '',
    ])
  })

  it('prints the groups of the API with --json', async () => {
    await deployment(
      [
        { group: 'new', model: 'city', resource_id: 'a' },
        { group: 'target_only', model: 'city', resource_id: 'c' },
      ],
      { blobs: { new: 2, changed: 1, same: 4 } },
    )
    const { stdout } = await run('--json')
    expect(jsonLines(stdout)).toEqual([
      { group: 'new', model: 'city', resource_id: 'a' },
      { group: 'target_only', model: 'city', resource_id: 'c' },
      {
        summary: {
          resources: { new: 1, changed: 0, missing: 0, target_only: 1 },
          blobs: { new: 2, changed: 1 },
          complete: true,
        },
      },
    ])
  })

  it.each([
    ['same', 'equal now; the store has changed since the dry run'],
    ['torn', 'the current revision is not in the store'],
    ['without_metadata', 'only revisions of the resource are in the store'],
    ['missing', 'the store no longer contains the resource'],
    ['too_large', 'the revisions or the names of the changed fields are too large to be shown'],
    ['not_compared', 'the fields could not be compared'],
    ['later', 'later'],
  ])('prints the state of a changed resource: %s', async (now, text) => {
    await deployment([{ ...CHANGED, resource_id: 'a', now }])
    expect((await run('--fields')).stdout).toContain(`~ city/a\n    ${text}\n`)
  })

  it('prints no reason if the fields of a resource were compared', async () => {
    const fields = [{ path: '/payload/n', op: 'replace', archived: { json: '1' }, stored: { json: '2' } }]
    await deployment([{ ...CHANGED, resource_id: 'a', now: 'changed', fields, fields_total: 2 }])
    expect((await run('--fields')).stdout).toContain('~ city/a\n    ~ /payload/n  1 → 2\n    … and 1 field more\n')
  })

  it('exits with 3 if not everything could be compared, even if there are differences', async () => {
    await deployment([CHANGED], { status: 'partial' })
    const { code, stderr } = await run()
    expect(code).toBe(3)
    expect(stderr).toContain('The archive could not be compared completely')
  })

  it('requests no further pages after the reader of its output has ended', async () => {
    const pages = await deployment(Array.from({ length: 50 }, (_, k) => ({ ...CHANGED, resource_id: `${k}` })))
    const closed = (): Writable & { isTTY: boolean; columns: number } =>
      Object.assign(
        new Writable({
          write(_chunk, _encoding, done) {
            done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
          },
        }),
        { isTTY: false, columns: 100 },
      )
    const stderr = Object.assign(
      new Writable({
        write: (_chunk, _encoding, done) => {
          done()
        },
      }),
      { isTTY: false, columns: 100 },
    )
    const code = await runCli(['diff', 'job', '--live'], {
      stdin: Object.assign(new PassThrough(), { isTTY: false }),
      stdout: closed(),
      stderr,
      env: { XDG_CONFIG_HOME: '/nonexistent', SPECSTAR_BACKUP_ENDPOINT: api.url },
      onInterrupt: () => () => undefined,
    })
    expect(code).toBe(141)
    expect(pages()).toBeLessThan(5)
  })
})
