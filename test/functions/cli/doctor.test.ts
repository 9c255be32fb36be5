import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { clockFinding } from '../../../functions/cli/doctor/check-api.ts'
import { nodeFinding } from '../../../functions/cli/doctor/check-deployment.ts'
import { TestProgram } from '../../workflows/program.ts'
import { cli, jsonLines } from './cli-run.ts'
import { fakeApi, type FakeApi } from './fake-api.ts'

const Finding = z.object({ check: z.string(), result: z.string(), details: z.string() })
const doctor = async (endpoint: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
  const { code, stdout } = await cli(['doctor', '--json', ...args], {
    env: { SPECSTAR_BACKUP_ENDPOINT: endpoint, ...env },
  })
  return { code, findings: jsonLines(stdout).map((line) => Finding.parse(line)) }
}
const resultOf = (findings: readonly z.output<typeof Finding>[], check: string) =>
  findings.find((finding) => finding.check === check)

let program: TestProgram
beforeAll(async () => {
  program = await TestProgram.start()
})
afterAll(() => program.stop())

let api: FakeApi | undefined
afterEach(() => api?.stop())

describe('doctor', () => {
  it('finds nothing wrong with the local program, and starts no job', async () => {
    const { code, findings } = await doctor(program.url)
    expect(findings.filter(({ result }) => result !== 'ok')).toEqual([])
    expect(code).toBe(0)
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'endpoint',
        'credentials',
        'reachability',
        'clock',
        'may export',
        'may restore',
        'may restore a model',
        'may list archives',
        'may find archives',
        'may list differences',
        'may pause schedules',
        'may resume schedules',
        'health',
      ]),
    )
    expect((await program.request('GET', '/_backup/jobs')).body).toEqual({ jobs: [] })
  })

  it('prints a table for people', async () => {
    const { stdout } = await cli(['doctor'], { env: { SPECSTAR_BACKUP_ENDPOINT: program.url }, tty: true })
    expect(stdout).toContain('CHECK')
    expect(stdout).toContain('reachability')
  })

  it('says how to reach an API that does not respond', async () => {
    const { code, findings } = await doctor('http://127.0.0.1:9')
    expect(code).toBe(1)
    expect(resultOf(findings, 'reachability')).toMatchObject({ result: 'failed' })
    expect(resultOf(findings, 'permissions')?.result).toBe('skipped')
  })

  /** Starts a server that answers as the local program, unless `isForbidden` returns true. */
  const limitedApi = async (isForbidden: (request: string) => boolean): Promise<void> => {
    api = await fakeApi(async ({ method = '', url = '' }) => {
      if (isForbidden(`${method} ${url}`)) return { status: 403, body: { message: 'Forbidden' } }
      const response = await fetch(program.url + url, { method })
      return { status: response.status, body: await response.json() }
    })
  }

  it('warns about routes that the role may not call', async () => {
    await limitedApi((request) => request.startsWith('POST') || request.includes('health'))
    const { code, findings } = await doctor(api?.url ?? '')
    expect(code).toBe(0)
    expect(resultOf(findings, 'may list jobs')?.result).toBe('ok')
    expect(resultOf(findings, 'may export')).toEqual({
      check: 'may export',
      result: 'warning',
      details:
        'your role may not call POST /_backup/export; ' +
        'if you need it, allow execute-api:Invoke for this route in the policy of your role',
    })
    expect(resultOf(findings, 'may pause schedules')?.details).toContain(
      'your role may call POST /_backup/schedules/{name}/pause for some schedules at most',
    )
    expect(findings.slice(-2)).toMatchObject([
      { check: 'may read the health', result: 'warning' },
      { check: 'health', result: 'skipped', details: 'needs /_backup/health' },
    ])
  })

  it('warns that the role may perhaps restore only some models', async () => {
    await limitedApi((request) => request.endsWith('_doctor/import'))
    const { code, findings } = await doctor(api?.url ?? '')
    expect(code).toBe(0)
    expect(findings.filter(({ result }) => result !== 'ok')).toEqual([
      {
        check: 'may restore a model',
        result: 'warning',
        details:
          'your role may call POST /{model}/import for some models at most; ' +
          'if you need more, allow execute-api:Invoke for this route in the policy of your role',
      },
    ])
  })

  it('fails if the role may call nothing', async () => {
    await limitedApi(() => true)
    const { code, findings } = await doctor(api?.url ?? '')
    expect(code).toBe(1)
    const routes = findings.filter(({ check }) => check.startsWith('may '))
    expect(routes).toHaveLength(16)
    for (const { result, details } of routes) {
      expect(result).toBe('failed')
      expect(details).toContain('allow execute-api:Invoke')
    }
  })

  it('finds that a 403 of another server is not an answer of API Gateway', async () => {
    api = await fakeApi(() => ({ status: 403, body: 'Access denied by the proxy' }))
    const { code, findings } = await doctor(api.url)
    expect(code).toBe(1)
    expect(resultOf(findings, 'may export')?.details).toContain('is not this API; check --endpoint')
  })

  it.each([
    ['responds to everything with 404 and another document', { status: 404, body: { error: 'Not Found' } }],
    ['accepts everything', { status: 200, body: { ok: true } }],
    ['rejects everything', { status: 400, body: { message: 'Bad Request' } }],
  ])('finds that a server which %s is not this API', async (_, answer) => {
    api = await fakeApi(() => answer)
    const { code, findings } = await doctor(api.url)
    expect(code).toBe(1)
    const routes = findings.filter(({ check }) => check.startsWith('may '))
    expect(routes).toHaveLength(16)
    for (const { result, details } of routes) {
      expect(result).toBe('failed')
      expect(details).toContain('is not this API; check --endpoint')
    }
  })

  it('warns if the deployment is not healthy', async () => {
    api = await fakeApi(({ url }) => {
      const checks = { jobs: { status: 'degraded' }, schedules: { status: 'ok' } }
      return url === '/_backup/health'
        ? { status: 200, body: { status: 'degraded', checks } }
        : { status: 404, body: {} }
    })
    expect(resultOf((await doctor(api.url)).findings, 'health')).toEqual({
      check: 'health',
      result: 'warning',
      details: 'needs attention: jobs; the page (specstar-backup ui) and GET /_backup/health state the reasons',
    })
  })

  it('reports a region that is not known, and sends no request', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
    const { code, findings } = await doctor('https://api.example')
    vi.unstubAllEnvs()
    expect(code).toBe(1)
    expect(resultOf(findings, 'region')).toMatchObject({ result: 'failed' })
    expect(resultOf(findings, 'credentials')).toMatchObject({ result: 'ok' })
    expect(resultOf(findings, 'reachability')?.result).toBe('skipped')
  })

  it('reports credentials that cannot be loaded, and a region that is not that of the API', async () => {
    const endpoint = 'https://abc.execute-api.eu-central-1.amazonaws.com'
    const { code, findings } = await doctor(endpoint, ['--region', 'us-east-1', '--profile', 'no-such-profile'])
    expect(code).toBe(1)
    expect(resultOf(findings, 'region')).toMatchObject({ result: 'failed' })
    expect(resultOf(findings, 'credentials')?.details).toContain('profile no-such-profile cannot be loaded')
  })

  it('checks what the first deployment needs', async () => {
    const args = ['--deploy', '--models', 'shared/models.json', '--profile', 'no-such-profile']
    const { code, findings } = await doctor(program.url, args, { AWS_REGION: 'eu-central-1' })
    expect(code).toBe(1)
    expect(resultOf(findings, 'models')).toMatchObject({ result: 'ok' })
    expect(resultOf(findings, 'settings')).toMatchObject({ result: 'ok' })
    expect(resultOf(findings, 'region')).toMatchObject({ result: 'ok' })
    expect(resultOf(findings, 'credentials')).toMatchObject({ result: 'failed' })
    expect(resultOf(findings, 'bootstrap')).toMatchObject({ result: 'skipped' })
    const wrong = await doctor(program.url, ['--deploy', '--models', 'package.json', '--profile', 'none'])
    expect(resultOf(wrong.findings, 'models')).toMatchObject({ result: 'failed' })
    const deploy = ['--deploy', '--profile', 'none']
    const set = await doctor(program.url, deploy, { MODELS_FILE: 'shared/models.json' })
    expect(resultOf(set.findings, 'models')).toMatchObject({ result: 'ok' })
    const sample = await doctor(program.url, deploy)
    expect(resultOf(sample.findings, 'models')).toMatchObject({
      result: 'warning',
      details: expect.stringContaining('the sample models would be deployed') as string,
    })
  })

  it('also checks the credentials if the first deployment lacks a region, and names what it skips', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
    const { code, findings } = await doctor(program.url, ['--deploy'])
    vi.unstubAllEnvs()
    expect(code).toBe(1)
    expect(resultOf(findings, 'region')?.result).toBe('failed')
    expect(resultOf(findings, 'credentials')?.result).toBe('ok')
    expect(resultOf(findings, 'bootstrap')).toEqual({
      check: 'bootstrap',
      result: 'skipped',
      details: 'needs a region',
    })
  })
})

describe('clockFinding', () => {
  const at = Date.parse('2026-11-30T12:00:00Z')
  it.each([
    ['Mon, 30 Nov 2026 12:00:00 GMT', 'ok'],
    ['Mon, 30 Nov 2026 12:00:20 GMT', 'ok'],
    ['Mon, 30 Nov 2026 12:01:00 GMT', 'warning'],
    ['Mon, 30 Nov 2026 11:59:00 GMT', 'warning'],
    ['Mon, 30 Nov 2026 12:06:00 GMT', 'failed'],
    ['Mon, 30 Nov 2026 11:50:00 GMT', 'failed'],
    [null, 'warning'],
  ])('compares the local clock with %s: %s', (header, result) => {
    expect(clockFinding(header, at, at + 500).result).toBe(result)
  })
})

describe('nodeFinding', () => {
  it('accepts the version of the deployment, and warns about an older one', () => {
    expect(nodeFinding('24.1.0').result).toBe('ok')
    expect(nodeFinding('20.19.0').result).toBe('warning')
  })
})
