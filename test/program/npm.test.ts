import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allGone, processesBelow, RunningProgram } from './running-program.ts'

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
    'says once that it is ready, and leaves no process behind at %s',
    async (signal) => {
      program = npmStart()
      const url = await program.ready()
      expect((await fetch(`${url}/_backup/jobs`)).status).toBe(200)
      const below = await processesBelow(program.pid)
      // the program and its two stand-ins, perhaps behind a shell
      expect(below.length).toBeGreaterThanOrEqual(3)
      await program.kill(signal)
      await allGone(below)
      expect(program.out.match(/^ready /gm)).toHaveLength(1)
      expect(program.err.replaceAll(/^npm (notice|warn).*\n/gm, '')).toBe('')
    },
  )

  it('leaves no process behind when a terminal’s Ctrl-C reaches all of them at once', async () => {
    program = npmStart()
    await program.ready()
    const below = await processesBelow(program.pid)
    for (const pid of [...below, program.pid]) process.kill(pid, 'SIGINT')
    await program.exited
    await allGone(below)
  })

  it('leaves no process behind when it is stopped before it is ready', async () => {
    program = npmStart()
    for (let below: number[] = []; below.length < 2;) below = await processesBelow(program.pid)
    const below = await processesBelow(program.pid)
    await program.kill('SIGTERM')
    await allGone(below)
    expect(program.out).not.toContain('ready')
  })
})

/** Runs a script of package.json to its end. */
const npmRun = async (script: string, env: Readonly<Record<string, string>>, ...args: string[]) => {
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
    cwd: new URL('../..', import.meta.url),
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { out, err, code: child.exitCode }
}

describe.each(['seed', 'wipe'])('npm run %s', (script) => {
  it('refuses an endpoint on another machine, before it asks it anything', async () => {
    const endpoint = 'https://dynamodb.eu-central-1.amazonaws.com'
    const { out, err, code } = await npmRun(script, { AWS_ENDPOINT_URL_DYNAMODB: endpoint })
    expect(err).toBe(`${script}: ${endpoint} is not on this machine (127.0.0.1, localhost or [::1]): refused\n`)
    expect({ out, code }).toEqual({ out: '', code: 1 })
  })

  it('refuses what it does not know, and does nothing', async () => {
    const { out, err, code } = await npmRun(script, {}, '--no-such-thing')
    expect(err).toContain(`${script}: Unknown option '--no-such-thing'`)
    expect({ out, code }).toEqual({ out: '', code: 1 })
  })

  it('says in one line that no program runs', async () => {
    const { err, code } = await npmRun(script, { DYNAMODB_PORT: '1', S3_PORT: '1' })
    expect(err).toMatch(new RegExp(`^${script}: nothing answers at http://127.0.0.1:1 .*\\n$`))
    expect(code).toBe(1)
  })
})
