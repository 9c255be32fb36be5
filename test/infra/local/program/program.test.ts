import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const MAIN = new URL('../../../../infra/local/main.ts', import.meta.url).pathname

interface Started {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly out: () => string
  readonly err: () => string
}

let dir: string
let running: Started[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'program-'))
})
afterEach(async () => {
  for (const { child, exited } of running) {
    child.kill('SIGKILL')
    await exited
  }
  running = []
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

const start = (env: Record<string, string> = {}): Started => {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], PORT: '0', S3_PORT: '0', DYNAMODB_PORT: '0', DATA_DIR: dir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { out: '', err: '' }
  child.stdout.on('data', (bytes: Buffer) => (texts.out += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (texts.err += bytes.toString()))
  const exited = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null))
  const started = { child, exited, out: () => texts.out, err: () => texts.err }
  running.push(started)
  return started
}

const ready = async ({ child, exited, out, err }: Started): Promise<string> => {
  while (!out().includes('\n')) await Promise.race([once(child.stdout ?? child, 'data'), exited.then(ended(err))])
  const url = /^ready (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(out())?.[1]
  if (url === undefined) throw new Error(`instead of a ready line: ${out()}`)
  return url
}
const ended = (err: () => string) => (): never => {
  throw new Error(`the program ended: ${err()}`)
}

/** Processes whose parent is this one. */
const childrenOf = async (pid: number | undefined): Promise<number[]> => {
  const ps = spawn('ps', ['-o', 'pid=', '--ppid', `${pid ?? 0}`], { stdio: ['ignore', 'pipe', 'ignore'] })
  let out = ''
  ps.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
  await once(ps, 'close')
  return out.split('\n').filter(Boolean).map(Number)
}

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const until = async (holds: () => boolean): Promise<void> => {
  for (let k = 0; k < 100 && !holds(); k++) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(holds()).toBe(true)
}

const slotOf = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/_backup/import`, { method: 'POST' })
  expect(response.status).toBe(202)
  return ((await response.json()) as { job_id: string }).job_id
}

describe('npm start', () => {
  it('prints one line when everything answers, and SIGINT leaves no process behind', async () => {
    const program = start()
    const url = await ready(program)
    expect(await (await fetch(`${url}/_backup/jobs`)).json()).toEqual({ jobs: [] })
    const children = await childrenOf(program.child.pid)
    expect(children).toHaveLength(2)
    program.child.kill('SIGINT')
    expect(await program.exited).toBe(0)
    await until(() => !children.some(lives))
    expect(program.out()).toBe(`ready ${url}\n`)
    expect(program.err()).toBe('')
  })

  it('keeps its jobs over a restart, and over a kill -9', async () => {
    const first = start()
    const kept = [await slotOf(await ready(first))]
    first.child.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    const second = start()
    kept.push(await slotOf(await ready(second)))
    const children = await childrenOf(second.child.pid)
    second.child.kill('SIGKILL')
    await second.exited
    await until(() => !children.some(lives))
    const third = await ready(start())
    const { jobs } = (await (await fetch(`${third}/_backup/jobs`)).json()) as { jobs: { job_id: string }[] }
    expect(jobs.map(({ job_id }) => job_id)).toEqual(kept.toReversed())
  })

  it.each(['PORT', 'S3_PORT', 'DYNAMODB_PORT'])(
    'says that the port of %s is in use, and leaves nothing behind',
    async (name) => {
      const blocker = createServer().listen(0, '127.0.0.1')
      await once(blocker, 'listening')
      const address = blocker.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const program = start({ [name]: `${port}` })
      expect(await program.exited).toBe(1)
      expect(program.out()).toBe('')
      expect(program.err()).toBe(`port ${port} is in use: stop what listens there, or choose another with ${name}=…\n`)
      blocker.close()
    },
  )

  it('ends with one line when a stand-in dies', async () => {
    const program = start()
    await ready(program)
    const [child = 0] = await childrenOf(program.child.pid)
    process.kill(child, 'SIGKILL')
    expect(await program.exited).toBe(1)
    expect(program.err()).toMatch(/^the (S3|DynamoDB) stand-in was ended by SIGKILL\n$/)
  })

  it('says what is wrong with a port that is none', async () => {
    const program = start({ S3_PORT: 'ninety' })
    expect(await program.exited).toBe(1)
    expect(program.err()).toBe('S3_PORT=ninety is not a port: give a number from 0 to 65535\n')
  })

  it('runs beside another one on other ports and another folder', async () => {
    const one = await ready(start())
    const two = await ready(start({ DATA_DIR: join(dir, 'other') }))
    await slotOf(one)
    expect(await (await fetch(`${two}/_backup/jobs`)).json()).toEqual({ jobs: [] })
  })
})
