import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectAllExited, descendantsOf, nodeEnvironment, RunningProgram } from './running-program.ts'

let dir: string
let program: RunningProgram | undefined
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'npm-'))
})
afterEach(async () => {
  await program?.kill('SIGKILL')
  program = undefined
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

const npmStart = (): RunningProgram => new RunningProgram(dir, {}, ['npm', 'start'])

describe('npm start', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'prints one ready line, and stops all of its processes on %s',
    async (signal) => {
      program = npmStart()
      const url = await program.ready()
      expect((await fetch(`${url}/_backup/jobs`)).status).toBe(200)
      const descendants = await descendantsOf(program.pid)
      // The program and its two local services, and a shell on some systems.
      expect(descendants.length).toBeGreaterThanOrEqual(3)
      await program.kill(signal)
      await expectAllExited(descendants)
      expect(program.out.match(/^ready /gm)).toHaveLength(1)
      expect(program.err.replaceAll(/^npm (notice|warn).*\n/gm, '')).toBe('')
    },
  )

  it('stops all of its processes when Ctrl-C in a terminal signals all of them', async () => {
    program = npmStart()
    await program.ready()
    const descendants = await descendantsOf(program.pid)
    for (const pid of [...descendants, program.pid]) process.kill(pid, 'SIGINT')
    await program.exited
    await expectAllExited(descendants)
  })

  it('stops all of its processes if it is stopped before it is ready', async () => {
    program = npmStart()
    for (let started: number[] = []; started.length < 2;) started = await descendantsOf(program.pid)
    const descendants = await descendantsOf(program.pid)
    await program.kill('SIGTERM')
    await expectAllExited(descendants)
    expect(program.out).not.toContain('ready')
  })
})

/** Runs a script of package.json and waits for its end. */
const npmRun = async (script: string, env: Readonly<Record<string, string>>, ...args: string[]) => {
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
    cwd: new URL('../..', import.meta.url),
    env: { ...nodeEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { out, err, code: child.exitCode }
}

describe.each([
  ['start', 'DATA_DIR='],
  ['wipe', 'Keeps archives'],
  ['seed', '--cities <number>'],
  ['demo', '--verbose'],
])('npm run %s', (script, help) => {
  it.each([
    ['--bogus', "unknown option '--bogus'"],
    ['bogus', 'too many arguments. Expected 0 arguments but got 1: bogus.'],
  ])('rejects the unknown argument %s', async (argument, fault) => {
    const { out, err, code } = await npmRun(script, {}, argument)
    expect(err).toBe(`error: ${fault}\nThe option --help lists all options.\n`)
    expect({ out, code }).toEqual({ out: '', code: 2 })
  })

  it('prints its options and examples with --help, and does nothing else', async () => {
    const { out, err, code } = await npmRun(script, {}, '--help')
    expect(out).toMatch(/^Usage: npm (start|run \w+) -- \[options\]\n/)
    expect(out).toContain(help)
    expect({ err, code }).toEqual({ err: '', code: 0 })
  })
})

describe('the number of cities', () => {
  it.each([
    [['--cities', '0'], "'0' is invalid. It must be an integer from 1 to 999999."],
    [['--cities', 'many'], "'many' is invalid. It must be an integer from 1 to 999999."],
    [['--cities', '1', '--cities', '2'], "'2' is invalid. It may be given only once."],
  ])('is rejected in %j', async (args, fault) => {
    const { out, err, code } = await npmRun('seed', {}, ...args)
    expect(err).toContain(`error: option '--cities <number>' argument ${fault}\n`)
    expect({ out, code }).toEqual({ out: '', code: 2 })
  })
})

describe.each(['seed', 'wipe'])('npm run %s', (script) => {
  it('rejects an endpoint on another machine without connecting to it', async () => {
    const endpoint = 'https://dynamodb.eu-central-1.amazonaws.com'
    const { out, err, code } = await npmRun(script, { AWS_ENDPOINT_URL_DYNAMODB: endpoint })
    expect(err).toMatch(new RegExp(`^${script}: ${endpoint} is not on this machine: .*\\n$`))
    expect({ out, code }).toEqual({ out: '', code: 1 })
  })

  it('reports in one line that the program is not running', async () => {
    const { err, code } = await npmRun(script, { DYNAMODB_PORT: '1', S3_PORT: '1' })
    expect(err).toMatch(new RegExp(`^${script}: no DynamoDB server responds at http://127.0.0.1:1: .*\\n$`))
    expect(code).toBe(1)
  })
})
