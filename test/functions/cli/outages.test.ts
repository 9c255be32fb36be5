import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { cli, jsonLines } from './cli-run.ts'
import { fakeApi, type FakeApi } from './fake-api.ts'

const RUNNING = {
  job_id: 'job-1',
  kind: 'export',
  status: 'running',
  phase: 'export-records',
  source: 'api',
  requested_by: 'local',
  created_at: '2026-11-30T00:00:00.000Z',
}
const ENDED = { ...RUNNING, status: 'succeeded', ended_at: '2026-11-30T00:01:00.000Z' }

let api: FakeApi | undefined
afterEach(() => api?.stop())

/** Never responds. */
const never = new Promise<never>(() => undefined)

describe('Ctrl-C while the API does not respond', () => {
  it('ends the command at once, and prints the id of the job', async () => {
    const requested = Promise.withResolvers<undefined>()
    api = await fakeApi(() => {
      requested.resolve(undefined)
      return never
    })
    const env = { SPECSTAR_BACKUP_ENDPOINT: api.url }
    const { code, stderr } = await cli(['show', '--wait', 'job-1'], { env, interruptWhen: requested.promise })
    expect(code).toBe(130)
    expect(stderr).toContain('specstar-backup show --wait job-1')
  })

  it('ends the command although it has begun to cancel the job', async () => {
    const cancelling = Promise.withResolvers<undefined>()
    api = await fakeApi(({ method }) => {
      if (method === 'GET') return { status: 200, body: RUNNING }
      cancelling.resolve(undefined)
      return never
    })
    const { code, stderr } = await cli(['show', '--wait', 'job-1'], {
      env: { SPECSTAR_BACKUP_ENDPOINT: api.url },
      tty: true,
      onNote: typeOnce('Cancel the job', 'c\n'),
      interruptWhen: cancelling.promise,
    })
    expect(code).toBe(130)
    expect(stderr).toContain('specstar-backup show --wait job-1')
  })

  it('ends the command although the job of an interrupted upload cannot be cancelled', async () => {
    const uploading = Promise.withResolvers<undefined>()
    const cancelling = Promise.withResolvers<undefined>()
    api = await fakeApi(({ method, url = '' }) => {
      if (method === 'PUT') uploading.resolve(undefined)
      else if (url.includes('/cancel')) cancelling.resolve(undefined)
      else return { status: 202, body: slot(api?.url ?? '') }
      return never
    })
    const { code, stderr } = await cli(['restore', fixture], {
      env: { SPECSTAR_BACKUP_ENDPOINT: api.url },
      interruptWhen: uploading.promise,
      interruptAgainWhen: cancelling.promise,
    })
    expect(code).toBe(130)
    expect(stderr).toContain('job job-1 was not cancelled: specstar-backup cancel job-1')
  })
})

describe('a job that the command starts without waiting', () => {
  const FORBIDDEN = { status: 403, body: { type: 'forbidden', title: 'Forbidden', status: 403, detail: 'no' } }

  it('is named although the caller may not read jobs', async () => {
    api = await fakeApi(({ method }) => (method === 'POST' ? { status: 202, body: RUNNING } : FORBIDDEN))
    const env = { SPECSTAR_BACKUP_ENDPOINT: api.url }
    expect(await cli(['export'], { env })).toEqual({
      code: 0,
      stdout: 'Started job job-1\nFollow it with: specstar-backup show --wait job-1\n',
      stderr: 'The state of the job cannot be read: Forbidden: no\n',
    })
    expect(jsonLines((await cli(['export', '--json'], { env })).stdout)).toEqual([{ job_id: 'job-1' }])
  })
})

describe('a signal while the command asks whether to cancel the job', () => {
  it('ends the question and the command, and prints the id of the job', async () => {
    api = await fakeApi(() => ({ status: 200, body: RUNNING }))
    let isAsked = false
    const asked = Promise.withResolvers<undefined>()
    const { code, stderr } = await cli(['show', '--wait', 'job-1'], {
      env: { SPECSTAR_BACKUP_ENDPOINT: api.url },
      tty: true,
      onNote: (all) => {
        if (!all.includes('Cancel the job')) return isAsked ? undefined : 'ctrl-c'
        isAsked = true
        asked.resolve(undefined)
        return undefined
      },
      interruptWhen: asked.promise,
    })
    expect(code).toBe(130)
    expect(stderr).toContain('specstar-backup show --wait job-1')
  })
})

describe('Ctrl-C on a terminal', () => {
  it.each([
    ['with --json, because all output is JSON', ['--json'], {}],
    ['if stderr is not the terminal', [], { tty: false, ttyStdin: true }],
  ])('asks no question %s', async (_, more, streams) => {
    const requested = Promise.withResolvers<undefined>()
    api = await fakeApi(() => {
      requested.resolve(undefined)
      return { status: 200, body: RUNNING }
    })
    const { code, stderr } = await cli(['show', '--wait', 'job-1', ...more], {
      env: { SPECSTAR_BACKUP_ENDPOINT: api.url },
      tty: true,
      interruptWhen: requested.promise,
      ...streams,
    })
    expect(code).toBe(130)
    expect(stderr).not.toContain('Cancel the job')
  })

  it('asks in a terminal that cannot draw progress bars', async () => {
    api = await fakeApi(({ method }) => ({ status: 200, body: method === 'GET' ? RUNNING : ENDED }))
    let state = 0
    const { stderr } = await cli(['show', '--wait', 'job-1'], {
      env: { SPECSTAR_BACKUP_ENDPOINT: api.url, TERM: 'dumb' },
      tty: true,
      onNote: (all) => {
        if (state === 0 && all.includes('export job-1')) {
          state = 1
          return 'ctrl-c'
        }
        if (state !== 1 || !all.includes('then Enter')) return undefined
        state = 2
        return 'l\r'
      },
    })
    expect(stderr).toContain('Cancel the job')
  })
})

describe('the wait for a job', () => {
  it('goes on when the API responds again', async () => {
    const bodies = [RUNNING, ENDED]
    const answer = () => ({ status: 200, body: bodies.shift() })
    const first = await fakeApi(answer)
    const port = Number(new URL(first.url).port)
    const stopped = once(() => first.stop())
    const restarted = once(async () => {
      api = await fakeApi(answer, {}, port)
    })
    const { code, stdout, stderr } = await cli(['show', '--wait', 'job-1'], {
      env: { SPECSTAR_BACKUP_ENDPOINT: first.url },
      onNote: (all) => {
        if (all.includes('export-records')) stopped()
        if (all.includes('does not respond')) restarted()
        return undefined
      },
    })
    expect(code).toBe(0)
    expect(stderr).toMatch(/does not respond: .* Trying again for 30 s$/m)
    expect(stdout).toContain('succeeded')
  })

  it('goes on if a response is not complete', async () => {
    let requests = 0
    const server = createServer((_, response) => {
      requests += 1
      const body = JSON.stringify(requests === 1 ? RUNNING : ENDED)
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
      if (requests === 2) response.write(body.slice(0, 5), () => response.destroy())
      else response.end(body)
    })
    server.listen(0)
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const { code } = await cli(['show', '--wait', 'job-1'], {
      env: { SPECSTAR_BACKUP_ENDPOINT: `http://127.0.0.1:${port}` },
    })
    expect(code).toBe(0)
    expect(requests).toBe(3)
    server.closeAllConnections()
    server.close()
  })

  it('ends if the API has never responded', async () => {
    const { code, stderr } = await cli(['show', '--wait', 'job-1'], {
      env: { SPECSTAR_BACKUP_ENDPOINT: 'http://127.0.0.1:9' },
    })
    expect(code).toBe(1)
    expect(stderr).toContain('Job job-1 may still be running: specstar-backup show --wait job-1')
  })

  it('goes on if the API responds with 500, as it does if a function fails to start', async () => {
    const failure = { status: 500, body: { message: 'Internal Server Error' } }
    const problem = { type: 'internal', title: 'Internal error', status: 500, detail: 'no' }
    const answers = [{ status: 200, body: RUNNING }, failure, { status: 500, body: problem }]
    api = await fakeApi(() => answers.shift() ?? { status: 200, body: ENDED })
    const { code, stderr } = await cli(['show', '--wait', 'job-1'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })
    expect(code).toBe(0)
    expect(stderr).toContain('500: Internal Server Error. Trying again for 30 s')
  })

  it('goes on if the first request after the start of the job fails', async () => {
    const answers = [
      { status: 202, body: RUNNING },
      { status: 500, body: {} },
    ]
    api = await fakeApi(() => answers.shift() ?? { status: 200, body: ENDED })
    const { code } = await cli(['export', '--wait'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })
    expect(code).toBe(0)
  })

  it('names the job if the API returns a problem', async () => {
    const problem = { type: 'forbidden', title: 'Forbidden', status: 403, detail: 'not this role' }
    api = await fakeApi(() => ({ status: 403, body: problem }))
    const args = ['show', '--wait', 'job-1', '--json']
    const { code, stderr } = await cli(args, { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })
    expect(code).toBe(1)
    const detail = 'not this role. Job job-1 may still be running: specstar-backup show --wait job-1'
    expect(jsonLines(stderr)).toEqual([{ error: { ...problem, detail } }])
  })

  it('does not name a job that does not exist', async () => {
    const problem = { type: 'unknown-job', title: 'Unknown job', status: 404, detail: 'no such job' }
    api = await fakeApi(() => ({ status: 404, body: problem }))
    const { stderr } = await cli(['show', '--wait', 'job-1'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })
    expect(stderr).toBe('error: no such job\n')
  })

  it('ends if the API rejects the request', async () => {
    let requests = 0
    api = await fakeApi(() => {
      requests += 1
      return requests === 1 ? { status: 200, body: RUNNING } : { status: 403, body: { message: 'Forbidden' } }
    })
    const { code, stderr } = await cli(['show', '--wait', 'job-1'], { env: { SPECSTAR_BACKUP_ENDPOINT: api.url } })
    expect(code).toBe(1)
    expect(stderr).toContain('Forbidden')
  })
})

/** Types an answer when the question appears. Before, interrupts the command once it shows anything. */
const typeOnce = (question: string, answer: string): ((all: string) => string | undefined) => {
  let state: 'waiting' | 'interrupted' | 'answered' = 'waiting'
  return (all) => {
    if (state === 'waiting') {
      state = 'interrupted'
      return 'ctrl-c'
    }
    if (state !== 'interrupted' || !all.includes(question)) return undefined
    state = 'answered'
    return answer
  }
}

const once = (run: () => Promise<void>): (() => void) => {
  let hasRun = false
  return () => {
    if (!hasRun) void run()
    hasRun = true
  }
}

const fixture = fileURLToPath(new URL('../../fixtures/acbak/catalogue-v3.acbak', import.meta.url))

/** An upload slot whose bucket is the fake API. */
const slot = (url: string): object => ({
  ...RUNNING,
  kind: 'restore',
  status: 'awaiting_upload',
  upload: { method: 'PUT', url: `${url}/upload`, headers: {}, bucket: 'restores', key: 'upload' },
})
