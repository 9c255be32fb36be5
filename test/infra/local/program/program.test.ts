import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../../../infra/local/processes/free-ports.ts'
import { expectAllExited, descendantsOf, RunningProgram } from '../../../program/running-program.ts'
import { limitsClient } from '../limits/limits-client.ts'

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

const openSlot = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/_backup/import`, { method: 'POST' })
  expect(response.status).toBe(202)
  return ((await response.json()) as { job_id: string }).job_id
}

/** Returns a value of the variable `COPY_ARCHIVES_TO`. */
const copyTo = (bucket: string): string => JSON.stringify({ bucket, account: '000000000000' })

describe('npm start', () => {
  it('prints its addresses and one ready line, and stops all of its processes on SIGINT', async () => {
    const program = start()
    const url = await program.ready()
    expect(await (await fetch(`${url}/_backup/jobs`)).json()).toEqual({ jobs: [] })
    const children = await descendantsOf(program.pid)
    expect(children).toHaveLength(2)
    program.child.kill('SIGINT')
    expect(await program.exited).toBe(0)
    await expectAllExited(children)
    const [, dynamo, s3] = /│ DynamoDB +│ http:.*:(\d+) +│\n│ S3 +│ http:.*:(\d+) +│\n/.exec(program.out) ?? []
    expect(program.out).toContain(`\n  S3_PORT=${s3} DYNAMODB_PORT=${dynamo} npm run seed    # write sample data\n`)
    expect(program.out).toContain('access key S3RVER, secret key S3RVER')
    expect(program.out).toContain(`curl ${url}/country/export`)
    expect(program.out.endsWith(`\nready ${url}\n`)).toBe(true)
    expect(program.err).toBe('')
  })

  it('keeps its jobs after a restart and after kill -9', async () => {
    const first = start()
    const kept = [await openSlot(await first.ready())]
    first.child.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    const second = start()
    kept.push(await openSlot(await second.ready()))
    const children = await descendantsOf(second.pid)
    second.child.kill('SIGKILL')
    await second.exited
    await expectAllExited(children)
    const third = await start().ready()
    const { jobs } = (await (await fetch(`${third}/_backup/jobs`)).json()) as { jobs: { job_id: string }[] }
    expect(jobs.map(({ job_id }) => job_id)).toEqual(kept.toReversed())
  })

  it.each([
    ['PORT', '`npm start`'],
    ['S3_PORT', '`npm start`, `npm run seed` and `npm run wipe`'],
    ['DYNAMODB_PORT', '`npm start`, `npm run seed` and `npm run wipe`'],
  ])('exits with an error that names the variable to change if the port of %s is in use', async (name, commands) => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const address = blocker.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const program = start({ [name]: `${port}` })
    expect(await program.exited).toBe(1)
    expect(program.out).toBe('')
    expect(program.err).toBe(
      `port ${port} is already in use: stop the process that listens on it, ` +
        `or set ${name} to another port in the environment of ${commands}\n`,
    )
    blocker.close()
  })

  it('exits with a one-line error if a local service exits unexpectedly', async () => {
    const program = start()
    await program.ready()
    const [child = 0] = await descendantsOf(program.pid)
    process.kill(child, 'SIGKILL')
    expect(await program.exited).toBe(1)
    expect(program.err).toMatch(/^the local (S3|DynamoDB) service was terminated by SIGKILL\n$/)
  })

  it.each([
    [{ S3_PORT: 'ninety' }, 'S3_PORT=ninety is not a port: set S3_PORT to a number from 0 to 65535\n'],
    [{ PORT: '4999', S3_PORT: '4999' }, 'S3_PORT and PORT are both 4999: set them to different ports\n'],
    [{ LIMITS: 'fast' }, 'LIMITS=fast is not valid: set LIMITS to aws,'],
    [{ DATA_DIR: '/dev/null' }, 'DATA_DIR=/dev/null: the folder cannot be created'],
    [{ MODELS_FILE: '/nowhere.json' }, '/nowhere.json: cannot be read: ENOENT'],
    [{ SCHEDULES: '[{"name":"x"}]' }, 'SCHEDULES'],
    [{ AWS_ENDPOINT_URL_S3: 'foo' }, 'AWS_ENDPOINT_URL_S3=foo must be a URL, such as http://127.0.0.1:9000'],
    [{ AWS_ENDPOINT_URL_DYNAMODB: 'localhost:8000' }, 'AWS_ENDPOINT_URL_DYNAMODB=localhost:8000 must be a URL'],
    [{ COPY_ARCHIVES_TO: copyTo('specstar-archives') }, 'COPY_ARCHIVES_TO: the bucket must not be specstar-archives'],
    [{ COPY_ARCHIVES_TO: copyTo('specstar-restores') }, 'COPY_ARCHIVES_TO: the bucket must not be specstar-restores'],
    [{ COPY_ARCHIVES_TO: copyTo('nowhere') }, 'COPY_ARCHIVES_TO: the bucket nowhere does not exist; start the program'],
    [{ SCHEDULES: '[{"name":"x","rate":"1 day","keep_days":1,"models":["planet"]}]' }, 'schedule x: model planet'],
  ])('exits with an error that explains the invalid setting in %j', async (environment, message) => {
    const program = start(environment)
    expect(await program.exited).toBe(1)
    expect(program.out).toBe('')
    expect(program.err).toContain(message)
    expect(program.err).not.toContain('    at ')
  })

  it('exits with an error that names the file of the models if it contains none', async () => {
    const file = join(dir, 'own-models.json')
    await writeFile(file, '{}')
    const program = start({ MODELS_FILE: file })
    expect(await program.exited).toBe(1)
    expect(program.err).toMatch(/^\S*own-models\.json: contains no models; add a member for each model, .*\n$/)
  })

  it('gives the local services the limits in LIMITS', async () => {
    const [s3 = 0, dynamoDb = 0] = await freePorts(2)
    const url = await start({ LIMITS: 'aws/10', S3_PORT: `${s3}`, DYNAMODB_PORT: `${dynamoDb}` }).ready()
    await (await fetch(`${url}/_backup/jobs`)).json()
    const [table] = await limitsClient(`http://127.0.0.1:${dynamoDb}`).usage()
    expect(table).toMatchObject({ name: 'table specstar-jobs', unitsPerSecond: 1200 })
    const prefixes = await limitsClient(`http://127.0.0.1:${s3}`).usage()
    expect(prefixes.map(({ unitsPerSecond }) => unitsPerSecond)).toContain(350)
  })

  it('exits with an error if another instance uses its folder', async () => {
    await start().ready()
    const program = start()
    expect(await program.exited).toBe(1)
    expect(program.err).toMatch(
      /^the local DynamoDB service did not start: another process uses the data folder .*\/dynamodb\. This is probably .*\n$/,
    )
  })

  it('runs at the same time as an instance with other ports and another folder', async () => {
    const one = await start().ready()
    const two = await start({ DATA_DIR: join(dir, 'other') }).ready()
    await openSlot(one)
    expect(await (await fetch(`${two}/_backup/jobs`)).json()).toEqual({ jobs: [] })
  })
})
