import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../functions/cli/commands.ts'
import { ROUTES } from '../../../functions/routes.ts'
import { cli } from './cli-run.ts'
import { fakeApi } from './fake-api.ts'

/** Commands whose examples read archives directly, write other stores or do not end. */
const WITHOUT_API = [
  'ls',
  'cat',
  'extract',
  'diff',
  'models propose',
  'models check',
  'catalogue rebuild',
  'completion',
]
const NOT_RUN = [...WITHOUT_API, 'download', 'ui', 'doctor']

const JOB = 'f6c930a7-2473-4cd3-b740-dbdbf7276118'
/** Commands that call further routes than the examples. */
const FURTHER = [`restore ${JOB} --model country --yes`, `diff ${JOB} --live`, `download ${JOB} -o -`, `cancel ${JOB}`]

/** A body that every route of the API could return. */
const BODY = {
  ...{ job_id: JOB, kind: 'restore', status: 'succeeded', source: 'api', requested_by: 'a', name: 'nightly' },
  ...{
    created_at: '2026-01-01T00:00:00.000Z',
    until: '2026-01-01T00:00:00.000Z',
    result: { blobs: { new: 0, changed: 0 } },
  },
  ...{ jobs: [], archives: [], schedules: [], objects: [], differences: [] },
}

const routeOf = (request: string): string | undefined => {
  const [method, path = ''] = request.split(' ')
  const matches = ROUTES.filter(
    (route) =>
      route.methods.some((allowed) => allowed === method) &&
      new RegExp(`^${route.path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path),
  )
  const [best] = matches.sort((a, b) => a.path.split('{').length - b.path.split('{').length)
  return best === undefined ? undefined : `${method} ${best.path}`
}

/** Returns the routes that commands call. */
const routesOf = async (commands: readonly string[]): Promise<Set<string>> => {
  const requests = new Set<string>()
  const api = await fakeApi(({ method = '', url = '' }) => {
    requests.add(`${method} ${url.replace(/\?.*/, '')}`)
    return { status: 200, body: BODY }
  })
  try {
    for (const command of commands) await cli([...command.split(' '), '--endpoint', api.url])
  } finally {
    await api.stop()
  }
  return new Set([...requests].map((request) => routeOf(request) ?? `unknown: ${request}`))
}

describe('doctor', () => {
  it('calls every route that another command calls', async () => {
    const examples = COMMANDS.filter(({ name }) => !NOT_RUN.includes(name)).flatMap(({ examples }) => [...examples])
    const called = await routesOf([...examples, ...FURTHER])
    const checked = await routesOf(['doctor'])
    expect(called.size).toBeGreaterThan(12)
    expect([...called].filter((route) => !checked.has(route))).toEqual([])
    expect([...checked].filter((route) => !called.has(route))).toEqual(['GET /_backup/health'])
  })
})
