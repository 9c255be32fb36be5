import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { event } from '../../functions/handlers/event.ts'
import { route } from '../../functions/handlers/route.ts'
import { stage } from '../../functions/handlers/stage.ts'
import type { HttpEvent } from '../../functions/http/http-request.ts'
import type { StageHandler } from '../../infra/local/workflows/stage-handler.ts'
import type { Json } from '../../functions/workflows/states.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import { PassInput, RUN_PASSES, StageInput } from '../../shared/jobs/messages.ts'
import { EXPORT_STAGE_NAMES, RESTORE_STAGE_NAMES } from '../../shared/jobs/stage-names.ts'
import { TornResourcesError } from '../../shared/resources/errors.ts'
import { ConflictError } from '../../shared/restore/errors.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { callContext } from '../../shared/throttling/call-context.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { startTestApi, type TestApi } from './test-api.ts'

const CONTEXT = localContext('test', 'request-1', 60_000)

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterEach(() => {
  vi.restoreAllMocks()
})
afterAll(() => api.stop())

interface Clock {
  readonly clock: () => Date
}

describe('stage', () => {
  it('passes the input and the services that the stage needs', async () => {
    const messages = { input: PassInput, output: z.object({ n: z.int(), isDate: z.boolean() }) }
    const handler = stage('verify', messages, ({ n }, { clock }: Clock) =>
      Promise.resolve({ n, isDate: clock() instanceof Date }),
    )
    expect(await handler({ job_id: 'j', n: 3, pass: 0 }, CONTEXT)).toEqual({ n: 3, isDate: true })
  })

  it('stores an error with all its fields in the job table before it throws the error', async () => {
    const handler = stage('export-records', RUN_PASSES, () => Promise.reject(new TornResourcesError(['a', 'b'])))
    await expect(handler({ job_id: 'torn', n: 0, pass: 0 }, CONTEXT)).rejects.toThrow(TornResourcesError)
    expect(await api.services.jobs.failure('torn', 'TornResourcesError')).toMatchObject({
      type: 'torn-resources',
      torn_resources: { count: 2, ids: ['a', 'b'] },
    })
  })

  it('rejects an output that does not match its schema, and names the stage and the field', async () => {
    const output = { job_id: z.string(), count: z.int() }
    const handler = stage('decide', { input: StageInput, output: z.object(output) }, ({ job_id }) =>
      Promise.resolve({ job_id, count: 0.5 }),
    )
    await expect(handler({ job_id: 'j' }, CONTEXT)).rejects.toThrow(
      'the output of stage decide is not valid: field count: ',
    )
  })

  it('stores an input error of a job as an internal problem that hides the input', async () => {
    const handler = stage('verify', RUN_PASSES, () => Promise.reject(new Error('unreachable')))
    const rejected = expect(handler({ job_id: 'wrong-input', n: 0 }, CONTEXT)).rejects
    await rejected.toThrow('the input of stage verify is not valid: field pass: ')
    const problem = await api.services.jobs.failure('wrong-input', 'StageMessageError')
    expect(problem).toMatchObject({ type: 'internal-error', status: 500 })
    expect(problem?.detail).toMatch(/^an internal error occurred; search the log for request /)
  })
})

describe.each([
  ...EXPORT_STAGE_NAMES.map((name) => ['export', name] as const),
  ...RESTORE_STAGE_NAMES.map((name) => ['restore', name] as const),
])('the handler in functions/%s/%s.ts', (folder, name) => {
  it.each<[Json, string]>([
    [null, 'must be '],
    [{}, 'field job_id: is missing; it must be a string'],
  ])('rejects the input %j, and names the stage and the missing field', async (input, fault) => {
    const module = (await import(`../../functions/${folder}/${name}.ts`)) as { handler: StageHandler }
    const rejected = expect(module.handler(input, CONTEXT)).rejects
    await rejected.toThrow(`the input of stage ${name} is not valid: ${fault}`)
  })
})

describe('event', () => {
  const handler = event(z.object({ detail: z.object({ name: z.string() }) }), ({ detail }, { clock }: Clock) =>
    Promise.resolve([detail.name, clock() instanceof Date]),
  )

  it('passes the members of the event that its schema describes, and the services', async () => {
    const payload = { detail: { name: 'x', other: 1 } }
    expect(await handler(payload, CONTEXT)).toEqual(['x', true])
  })

  it('throws if the event does not match the schema, so that Lambda sends it to the dead-letter queue', async () => {
    const payload: unknown = { detail: {} }
    await expect(handler(payload as Parameters<typeof handler>[0], CONTEXT)).rejects.toThrow(
      'the event is not valid: detail.name: is missing; it must be a string',
    )
  })
})

describe('a stage whose error cannot be stored', () => {
  it('fails with its error, and the failed write is logged', async () => {
    const log = vi.spyOn(logger, 'error').mockImplementation(() => undefined)
    vi.spyOn(api.services.jobs, 'keepFailure').mockRejectedValue(new Error('the table is full'))
    const messages = { input: PassInput, output: z.object({}) }
    const handler = stage('verify', messages, () => Promise.reject(new TornResourcesError(['x'])))
    await expect(handler({ job_id: 'lost', n: 0, pass: 0 }, CONTEXT)).rejects.toThrow(TornResourcesError)
    expect(log).toHaveBeenCalledOnce()
  })

  it('fails with ThrottledError if the write is throttled, so that the workflow repeats it', async () => {
    const throttled = new ThrottledError({ service: 'DynamoDB', operation: 'PutItem' }, 60_000, undefined)
    vi.spyOn(logger, 'error').mockImplementation(() => undefined)
    vi.spyOn(api.services.jobs, 'keepFailure').mockRejectedValue(throttled)
    const messages = { input: PassInput, output: z.object({}) }
    const run = (error: Error): Promise<object> =>
      stage('apply-records', messages, () => Promise.reject(error))({ job_id: 'lost', n: 0, pass: 0 }, CONTEXT)
    await expect(run(new ConflictError('blob', 'x'))).rejects.toBe(throttled)
    // The workflow retries any other error in any case.
    await expect(run(new Error('reset'))).rejects.toThrow('reset')
  })
})

describe('route', () => {
  const request = (query: string): HttpEvent => ({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/',
    rawQueryString: query,
    headers: {},
    isBase64Encoded: false,
    requestContext: {
      accountId: '',
      apiId: '',
      domainName: '',
      domainPrefix: '',
      http: { method: 'GET', path: '/', protocol: 'HTTP/1.1', sourceIp: '', userAgent: '' },
      requestId: 'request-7',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: 0,
    },
  })
  const handler = route(
    ({ query }) => query.get('id'),
    (id) => {
      if (id === null) throw new Error('password=hunter2')
      return { status: 200, body: { id } }
    },
  )

  it('sends the answer as JSON that nobody may cache', async () => {
    expect(await handler(request('id=a'), CONTEXT)).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: '{"id":"a"}',
    })
  })

  it('answers a throttled call with 503 and the time to wait', async () => {
    const call = { service: 'DynamoDB', operation: 'GetItem', target: 'table t' }
    const throttled = route(
      () => undefined,
      () => Promise.reject(new ThrottledError(call, 5_000, new Error('slow down'))),
    )
    vi.spyOn(logger, 'error').mockImplementation(() => undefined)
    const { statusCode, headers, body = '' } = await throttled(request(''), CONTEXT)
    expect([statusCode, headers?.['retry-after']]).toEqual([503, '10'])
    expect(JSON.parse(body)).toMatchObject({ type: 'throttled', status: 503 })
  })

  it('gives a call 5 seconds, and the handler the time of the request', async () => {
    const budget = route(
      () => callContext(),
      ({ perCallMs, until }) => ({ status: 200, body: { perCallMs, leftMs: until - performance.now() } }),
    )
    const { body = '' } = await budget(request(''), localContext('test', 'request-1', 30_000))
    const { perCallMs, leftMs } = JSON.parse(body) as { perCallMs: number; leftMs: number }
    expect(perCallMs).toBe(5_000)
    expect(leftMs).toBeGreaterThan(26_000)
    expect(leftMs).toBeLessThan(27_001)
  })

  it('answers an unknown error with the request id and without its message', async () => {
    const { statusCode, headers, body = '' } = await handler(request(''), CONTEXT)
    expect([statusCode, headers?.['content-type']]).toEqual([500, 'application/problem+json'])
    expect(body).toContain('request-7')
    expect(body).not.toContain('hunter2')
  })
})
