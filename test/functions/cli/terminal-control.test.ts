import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forTerminal, printable, printableJson, styled } from '../../../functions/cli/terminal/printable.ts'
import { craftItems } from '../../archive/craft.ts'
import { itemsOf } from '../../archive/sample.ts'
import { cli, jsonLines } from './cli-run.ts'
import { type FakeApi, fakeApi } from './fake-api.ts'

/** Hides text, clears the screen, writes the clipboard, reverses text, and forges a line. */
const HOSTILE = 'x\u001b[8m\u009b2J\u001b]52;c;eA==\u0007\u202e\r\nstatus  forged'
const CONTROLS = /[^\P{C}\n]/u

const TIME = '2026-03-01T00:00:09.000Z'
const finding = { model: HOSTILE, resource_id: HOSTILE, what: HOSTILE, expected: HOSTILE, actual: HOSTILE }
const listed = { count: 1, ids: [HOSTILE] }
const resources = { count: 1, resources: [{ model: HOSTILE, resource_id: HOSTILE, reason: HOSTILE }] }
const JOB = {
  job_id: HOSTILE,
  kind: HOSTILE,
  status: 'failed',
  phase: HOSTILE,
  source: HOSTILE,
  requested_by: HOSTILE,
  created_at: TIME,
  counts: { [HOSTILE]: 1 },
  throttled: [{ by: HOSTILE, operation: HOSTILE, since: TIME, attempts: 1 }],
  error: { type: 'x', title: HOSTILE, status: 400, detail: HOSTILE },
  result: {
    models: { [HOSTILE]: { [HOSTILE]: 1 } },
    blobs: { [HOSTILE]: 1 },
    archive: { bucket: HOSTILE, key: HOSTILE, version_id: HOSTILE, size: 1 },
    findings: [finding],
    verification: {
      passed: false,
      proved: false,
      checks: { [HOSTILE]: { passed: false, checked: 1, findings: [finding], findings_total: 1 } },
    },
    target_only: { [HOSTILE]: 1 },
    target_only_unknown: [HOSTILE],
    missing_blobs: listed,
    blob_conflicts: listed,
    not_found: listed,
    excluded: listed,
    left_out: resources,
    omitted: resources,
    unaccounted: { count: 1, reasons: { [HOSTILE]: 1 } },
  },
}
const ARCHIVE = {
  job_id: HOSTILE,
  schedule: HOSTILE,
  bucket: HOSTILE,
  key: HOSTILE,
  size: 1,
  created_at: TIME,
  models: {},
  complete: false,
  suspicious: true,
  decision: HOSTILE,
}
const PRUNED = { retention: HOSTILE, bucket: HOSTILE, key: HOSTILE, at: TIME, action: 'delete', reason: HOSTILE }
const BODIES = new Map<string, unknown>([
  ['/_backup/jobs', { jobs: [JOB] }],
  ['/_backup/archives', { archives: [ARCHIVE] }],
  ['/_backup/prune', { objects: [PRUNED], failures: [{ retention: HOSTILE, error: { ...JOB.error, errors: [] } }] }],
])

let api: FakeApi
let folder: string
let archive: string

beforeAll(async () => {
  api = await fakeApi(({ url = '' }) => {
    const path = url.replace(/\?.*/, '')
    if (path.startsWith('/_backup/jobs/missing'))
      return { status: 404, body: { type: 'unknown-job', title: HOSTILE, status: 404, detail: HOSTILE } }
    return { status: 200, body: BODIES.get(path) ?? JOB }
  })
  folder = await mkdtemp(join(tmpdir(), 'specstar-terminal-'))
  archive = await saved(ARCHIVE_FILE, '{}')
  await saved(OTHER_FILE, `{"a":${JSON.stringify(HOSTILE)}}`)
})

afterAll(async () => {
  await api.stop()
  await rm(folder, { recursive: true })
})

/** The id of a resource may contain these characters. */
const ID = 'a\u009b2J\u202eb'

const saved = async (name: string, data: string): Promise<string> => {
  const sound = itemsOf('city', { id: ID, revisions: [{ n: 1, data }], extra: { updated_by: { S: HOSTILE } } })
  const bad = itemsOf('city', { id: 'bad', revisions: [{ n: 1, data: '{}' }] })
  const items = [
    [sound.metadata, ...sound.revisions],
    [{ ...bad.metadata, sk: { S: `${bad.metadata['sk']?.S ?? ''}${HOSTILE}` }, resource_id: { S: HOSTILE } }],
  ]
  const path = join(folder, name)
  await writeFile(path, craftItems('city', items))
  return path
}

/** The names of the archives in the commands. */
const ARCHIVE_FILE = 'one.acbak'
const OTHER_FILE = 'two.acbak'

/** The arguments of all commands that print data of archives or of the API. */
const COMMANDS: readonly (readonly string[])[] = [
  ['show', 'j'],
  ['show', '--wait', 'j'],
  ['show', 'missing'],
  ['jobs'],
  ['archives'],
  ['prune', '--all'],
  ['ls', ARCHIVE_FILE],
  ['ls', ARCHIVE_FILE, 'city'],
  ['ls', ARCHIVE_FILE, HOSTILE],
  ['cat', ARCHIVE_FILE, `city/${ID}`],
  ['cat', OTHER_FILE, `city/${ID}`],
  ['cat', ARCHIVE_FILE, `city/${HOSTILE}`],
  ['verify', ARCHIVE_FILE],
  ['diff', ARCHIVE_FILE, OTHER_FILE, '--fields'],
  ['models', 'propose', ARCHIVE_FILE],
]

/** The title and the arguments of a test. */
const ROWS = COMMANDS.map((args): readonly [string, readonly string[]] => [args.map(printable).join(' '), args])

/** Replaces the names of the archives by their paths. */
const withPaths = (args: readonly string[]): readonly string[] =>
  args.map((arg) => (arg === ARCHIVE_FILE || arg === OTHER_FILE ? join(folder, arg) : arg))

describe('a command never lets data control the terminal', () => {
  it.each(ROWS)('when it prints text: %s', async (_, named) => {
    const args = withPaths(named)
    const env = { SPECSTAR_BACKUP_ENDPOINT: api.url }
    const plain = await cli(args, { env })
    expect(plain.stdout + plain.stderr).not.toBe('')
    expect(plain.stdout).not.toMatch(CONTROLS)
    expect(plain.stderr).not.toMatch(CONTROLS)
    expect(plain.stdout + plain.stderr).not.toMatch(/^status {2}forged/m)
    const coloured = await cli(args, { env, tty: true })
    for (const text of [coloured.stdout, coloured.stderr])
      for (const code of ['\u001b[8m', '\u009b', '\u001b]', '\u202e']) expect(text).not.toContain(code)
  })

  it.each(ROWS)('when it prints JSON: %s', async (_, named) => {
    const { stdout, stderr } = await cli([...withPaths(named), '--json'], {
      env: { SPECSTAR_BACKUP_ENDPOINT: api.url },
    })
    expect(stdout).not.toMatch(CONTROLS)
    expect(stderr).not.toMatch(CONTROLS)
    expect(jsonLines(stdout).length + jsonLines(stderr).length).toBeGreaterThan(0)
  })

  it('when it extracts an archive', async () => {
    const { code, stdout, stderr } = await cli(['extract', archive, '-o', join(folder, 'out')])
    expect(code).toBe(3)
    expect(stdout + stderr).not.toMatch(CONTROLS)
    expect(stdout).toContain('\\u001b[8m')
  })

  it('but keeps its own colours', async () => {
    const { stdout } = await cli(['jobs'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url }, tty: true })
    expect(stdout).toContain('\u001b[31mfailed\u001b[39m')
  })
})

describe('a text for the terminal', () => {
  it('has its invisible characters escaped, and its own formats and newlines kept', () => {
    expect(forTerminal(`${styled('red', 'a\u001b[8m')}\nb\t\u00a0\ud800`)).toBe(
      '\u001b[31ma\\u{1b}[8m\u001b[39m\nb\\u{9}\\u{a0}\\u{d800}',
    )
    expect(printable('a\nb 🏙')).toBe('a\\u{a}b 🏙')
  })

  it('keeps its meaning as JSON', () => {
    const text = JSON.stringify({ a: HOSTILE, b: '🏙 é\u2066' })
    expect(printableJson(text)).not.toMatch(CONTROLS)
    expect(JSON.parse(printableJson(text))).toEqual(JSON.parse(text))
  })
})
