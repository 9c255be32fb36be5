import fc from 'fast-check'
import process from 'node:process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROUTES } from '../../functions/routes.ts'
import { readContents } from '../contents.ts'
import { SEED, tally } from '../faults/seeded.ts'
import { type TestApi, failJob, finishCheck, finishRestore, startTestApi } from './test-api.ts'

/** The number of random requests. `npm run test:faults` sends more. */
const RUNS = Number(process.env['FUZZ_REQUESTS'] ?? 1_500)

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ SCHEDULES: JSON.stringify([{ name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }]) })
  // Jobs end at once, so that no request waits and the limit of running jobs is not reached.
  const fail = failJob({ type: 'conflict', title: 'Conflict', status: 409, detail: 'scripted', id: 'scripted' })
  api.engine.script = async (services, jobId) => {
    const job = await services.jobs.get(jobId)
    const finish = { export: fail, restore: finishRestore, check: finishCheck }
    await finish[job?.kind ?? 'export'](services, jobId)
  }
})
afterAll(() => api.stop())

const odd = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-1',
    '1e9',
    'null',
    'true',
    '[]',
    '{}',
    '"',
    '\\',
    '%',
    '../..',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
)
const NAMES = [
  ...['wait', 'strict', 'redirect', 'format', 'models', 'ids', 'qb', 'conditions', 'data_conditions', 'is_deleted'],
  ...['created_time_start', 'updated_time_end', 'created_bys', 'rev_statuses', 'on_duplicate', 'dry_run'],
  ...['kind', 'status', 'limit', 'cursor', 'from', 'toString', '__proto__'],
  ...['days', 'reason', 'job_id', 'resources', 'reject', 'schedule', 'model', 'complete', 'to'],
]
const VALUES = [
  'true',
  'overwrite',
  'skip',
  'acbak',
  'specstar',
  'city',
  '2026-01-05T08:30:00Z',
  '[]',
  'QB["a"] == 1',
  '5',
]
const query = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom(...NAMES), odd),
    fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...VALUES) }, odd),
  ),
  { maxLength: 4 },
)
const json = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc
    .dictionary(fc.oneof(fc.constantFrom(...NAMES), odd), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
    .map((one) => JSON.stringify(one)),
)
const body = fc.oneof(
  fc.constant(undefined),
  json.map((text) => ({ bytes: Buffer.from(text), type: 'application/json' })),
  fc.uint8Array({ maxLength: 600 }).map((bytes) => ({ bytes: Buffer.from(bytes), type: 'application/octet-stream' })),
  fc.tuple(fc.uint8Array({ maxLength: 300 }), odd).map(([bytes, type]) => ({
    bytes: Buffer.from(bytes),
    type: `multipart/form-data; boundary=${encodeURIComponent(type)}`,
  })),
)
const routes = ROUTES.flatMap(({ methods, path }) => methods.map((method) => ({ method, path })))
const path = fc.constantFrom(...routes, { method: 'GET', path: '/{model}/{job_id}' }).chain((route) =>
  fc
    .record({
      model: fc.oneof(fc.constantFrom('city', 'country', 'planet'), odd),
      job_id: odd,
      name: fc.oneof(fc.constant('nightly'), odd),
    })
    .map((values) => ({
      method: route.method,
      path: Object.entries(values).reduce(
        (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value.toWellFormed())),
        route.path,
      ),
    })),
)
const headers = fc.record(
  { 'idempotency-key': fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '~'), maxLength: 5 }) },
  { requiredKeys: [] },
)

it('random requests get answers of the API and do not change the store', { timeout: 600_000 }, async ({ task }) => {
  const outside = { dynamo: api.dynamo, s3: api.s3, config: api.services.config }
  const before = await readContents(outside)
  const seen = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(path, query, body, headers, async (route, parameters, content, more) => {
      const search = new URLSearchParams(
        parameters.map(([name, value]): [string, string] => [name.toWellFormed(), value.toWellFormed()]),
      )
      const hasBody = content !== undefined && !['GET', 'HEAD'].includes(route.method)
      const response = await fetch(`${api.gateway.url}${route.path}?${search.toString()}`, {
        method: route.method,
        redirect: 'manual',
        headers: { ...more, ...(hasBody ? { 'content-type': content.type } : {}) },
        ...(hasBody ? { body: new Uint8Array(content.bytes) } : {}),
      })
      const text = await response.text()
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1)
      expect(response.status, text).toBeLessThan(500)
      if (response.status < 400) return
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      // A response to HEAD has no body.
      if (route.method === 'HEAD') return
      const problem = JSON.parse(text) as Record<string, unknown>
      expect(problem).toMatchObject({ status: response.status, type: expect.any(String) as string })
      if (problem['type'] === 'invalid-request') expect(problem['errors']).not.toEqual([])
    }),
    { numRuns: RUNS, seed: SEED },
  )
  console.info(`${RUNS} requests (seed ${SEED}), by status: ${JSON.stringify(Object.fromEntries([...seen].sort()))}`)
  tally(task, { 'random requests': RUNS })
  expect(seen.size).toBeGreaterThan(RUNS < 1_000 ? 2 : 4)
  expect(await readContents(outside)).toEqual(before)
})
