import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allGone, processesBelow, RunningProgram } from '../../../program/running-program.ts'

let dir: string
let running: RunningProgram[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'program-'))
})
afterEach(async () => {
  for (const program of running) await program.kill('SIGKILL')
  running = []
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

const start = (env: Record<string, string> = {}): RunningProgram => {
  const program = new RunningProgram(dir, env)
  running.push(program)
  return program
}

const slotOf = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/_backup/import`, { method: 'POST' })
  expect(response.status).toBe(202)
  return ((await response.json()) as { job_id: string }).job_id
}

describe('npm start', () => {
  it('prints one line when everything answers, and SIGINT leaves no process behind', async () => {
    const program = start()
    const url = await program.ready()
    expect(await (await fetch(`${url}/_backup/jobs`)).json()).toEqual({ jobs: [] })
    const children = await processesBelow(program.pid)
    expect(children).toHaveLength(2)
    program.child.kill('SIGINT')
    expect(await program.exited).toBe(0)
    await allGone(children)
    expect(program.out).toBe(`ready ${url}\n`)
    expect(program.err).toBe('')
  })

  it('keeps its jobs over a restart, and over a kill -9', async () => {
    const first = start()
    const kept = [await slotOf(await first.ready())]
    first.child.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    const second = start()
    kept.push(await slotOf(await second.ready()))
    const children = await processesBelow(second.pid)
    second.child.kill('SIGKILL')
    await second.exited
    await allGone(children)
    const third = await start().ready()
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
      expect(program.out).toBe('')
      expect(program.err).toBe(`port ${port} is in use: stop what listens there, or choose another with ${name}=…\n`)
      blocker.close()
    },
  )

  it('ends with one line when a stand-in dies', async () => {
    const program = start()
    await program.ready()
    const [child = 0] = await processesBelow(program.pid)
    process.kill(child, 'SIGKILL')
    expect(await program.exited).toBe(1)
    expect(program.err).toMatch(/^the (S3|DynamoDB) stand-in was ended by SIGKILL\n$/)
  })

  it.each([
    [{ S3_PORT: 'ninety' }, 'S3_PORT=ninety is not a port: give a number from 0 to 65535\n'],
    [{ PORT: '4999', S3_PORT: '4999' }, 'S3_PORT=4999 is another port of this program too: give each its own\n'],
    [{ DATA_DIR: '/dev/null' }, 'DATA_DIR=/dev/null cannot be a folder'],
    [{ MODELS_FILE: '/nowhere.json' }, 'models.json: cannot be read: ENOENT'],
    [{ SCHEDULES: '[{"name":"x"}]' }, 'SCHEDULES'],
    [{ SCHEDULES: '[{"name":"x","rate":"1 day","keep_days":1,"models":["planet"]}]' }, 'schedule x: model planet'],
  ])('says what is wrong with %j', async (environment, message) => {
    const program = start(environment)
    expect(await program.exited).toBe(1)
    expect(program.out).toBe('')
    expect(program.err).toContain(message)
    expect(program.err).not.toContain('    at ')
  })

  it('says that another program has its folder', async () => {
    await start().ready()
    const program = start()
    expect(await program.exited).toBe(1)
    expect(program.err).toMatch(/another program uses it: stop that one, or choose another folder with DATA_DIR\n$/)
  })

  it('runs beside another one on other ports and another folder', async () => {
    const one = await start().ready()
    const two = await start({ DATA_DIR: join(dir, 'other') }).ready()
    await slotOf(one)
    expect(await (await fetch(`${two}/_backup/jobs`)).json()).toEqual({ jobs: [] })
  })
})
