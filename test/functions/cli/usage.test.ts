import { readFile } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Problem } from '../../../shared/problems/problem.ts'
import { COMMANDS } from '../../../functions/cli/commands.ts'
import { cli, jsonLines } from './cli-run.ts'
import { fakeApi } from './fake-api.ts'

describe('specstar-backup', () => {
  it('prints all commands and exit codes with --help', async () => {
    const { code, stdout, stderr } = await cli(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const { name } of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name.split(' ')[0] ?? ''}\\b`, 'm'))
    for (const exitCode of [0, 1, 2, 3, 4, 5, 6, 129, 130, 141, 143])
      expect(stdout).toMatch(new RegExp(`^  ${exitCode} `, 'm'))
  })

  it.each(COMMANDS.map(({ name }) => name))('describes %s with examples that can be parsed', async (name) => {
    const { code, stdout } = await cli([...name.split(' '), '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: specstar-backup ${name}`)
    expect(stdout).toContain('Examples:\n  specstar-backup ')
    const [command] = COMMANDS.filter((row) => row.name === name)
    for (const example of command?.examples ?? []) {
      expect(stdout).toContain(`  specstar-backup ${example}\n`)
      expect(example.startsWith(name)).toBe(true)
      const parsed = await cli([...example.split(' '), '--help'])
      expect(parsed).toMatchObject({ code: 0, stderr: '' })
    }
  })

  it('prints the version of its package with --version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    for (const args of [
      ['--version', '--json'],
      ['--json', '--version'],
    ])
      expect(await cli(args)).toEqual({ code: 0, stdout: `{"version":"${version}"}\n`, stderr: '' })
  })

  it('prints its help to stderr and fails if no command is given', async () => {
    const { code, stdout, stderr } = await cli([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Commands:')
  })

  it.each([
    [['jbos'], "unknown command 'jbos'", 'Commands: ', 'jobs'],
    [['jobs', '--limt', '3'], "unknown option '--limt'", 'Options: --kind, --status, --limit', '--endpoint'],
    [['jobs', '--kind', 'x'], "argument 'x' is invalid", 'Allowed choices are export, restore, check', ''],
    [['jobs', '--limit', '0'], '--limit: must be a whole number from 1 to 100000', '', ''],
    [['jobs', 'extra'], "too many arguments for 'jobs'", '', ''],
    [['show'], "missing required argument 'job'", '', ''],
    [['jobs', '--endpoint', 'localhost'], '--endpoint: "localhost" is not a URL', 'ApiUrl', ''],
  ])('rejects %j and says what is allowed', async (args, ...messages) => {
    const { code, stdout, stderr } = await cli(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    for (const message of messages) expect(stderr).toContain(message)
  })

  it.each([
    ['restore a.acbak --model country --model city --yes', '--model'],
    ['restore a.acbak --on-duplicate skip --on-duplicate overwrite --yes', '--on-duplicate'],
    ['archives --limit 20 --limit 20', '--limit'],
    ['--endpoint http://a.test jobs --endpoint http://b.test', '--endpoint'],
  ])('rejects an option that has one value, but is given twice: %s', async (line, option) => {
    const { code, stderr } = await cli(line.split(' '))
    expect(code).toBe(2)
    expect(stderr).toContain(`error: ${option}: is given twice, but accepts only one value; remove one of them`)
  })

  it.each(['--endpoint', '--region', '--profile', '--s3-endpoint', '--config', '--limit'])(
    'rejects an empty value of %s',
    async (option) => {
      const { code, stderr } = await cli(['jobs', option, ''])
      expect(code).toBe(2)
      expect(stderr).toContain(`error: ${option}: must not be empty`)
    },
  )

  it('prints errors as one JSON object with --json', async () => {
    const { code, stderr } = await cli(['jobs', '--json', '--limit', 'x'])
    expect(code).toBe(2)
    expect(jsonLines(stderr)).toEqual([
      {
        error: {
          type: 'usage',
          title: 'The arguments or the settings are not valid',
          status: 400,
          detail: '--limit: must be a whole number from 1 to 100000',
        },
      },
    ])
  })

  it.each([
    [['ls', '/nope'], 2, { type: 'no-such-file', status: 404 }],
    [['verify', '/nope'], 2, { type: 'no-such-file', status: 404 }],
    [['restore', '/nope'], 2, { type: 'no-such-file', status: 404 }],
    [['ls', 'package.json'], 4, { type: 'not-an-archive', status: 400, title: 'The input is not an archive' }],
    [['jobs', '--endpoint', 'http://127.0.0.1:9'], 1, { type: 'request-failed', status: 503 }],
    [['extract', 'test/fixtures/acbak/catalogue-v3.acbak', '-o', 'test'], 2, { type: 'usage', status: 400 }],
  ])('prints the error of %j as a problem with --json', async (args, expected, problem) => {
    const { code, stdout, stderr } = await cli([...args, '--json'])
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
    const lines = jsonLines(stderr)
    expect(lines).toEqual([{ error: Problem.parse((lines[0] as { readonly error: unknown }).error) }])
    expect(lines).toMatchObject([{ error: problem }])
  })

  it.each([
    [['show', '..'], 'job: ".." is not the id of a job'],
    [['show', '--wait', 'a/../b'], 'job: "a/../b" is not the id of a job'],
    [['cancel', '.'], 'job: "." is not the id of a job'],
    [['schedules', 'run', '..'], 'schedule: ".." is not the name of a schedule'],
    [['schedules', 'pause', '.'], 'schedule: "." is not the name of a schedule'],
    [['schedules', 'resume', '..'], 'schedule: ".." is not the name of a schedule'],
    [['restore', 'job-1', '--model', '_backup'], '--model: "_backup" is not the name of a model'],
    [['restore', 'job-1', '--model', ''], '--model: must not be empty'],
    [['restore', 'job-1', '--only', '../country:TW'], '--only: ".." is not the name of a model'],
    [['diff', 'job-1', '--live', '--model', ''], '--model: must not be empty'],
  ])('sends no request for %j, because its path would be that of another route', async (args, message) => {
    let requests = 0
    const api = await fakeApi(() => {
      requests += 1
      return { status: 200, body: {} }
    })
    onTestFinished(api.stop)
    const { code, stderr } = await cli(args, { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })
    expect({ code, requests }).toEqual({ code: 2, requests: 0 })
    expect(stderr).toContain(message)
  })

  it('says how to start or find the API if it does not respond', async () => {
    const local = await cli(['jobs', '--endpoint', 'http://127.0.0.1:9'])
    expect(local.code).toBe(1)
    expect(local.stderr).toContain('http://127.0.0.1:9 does not respond')
    expect(local.stderr).toContain('Start the local program (npm start)')
  })
})
