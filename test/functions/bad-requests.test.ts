import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApi, startTestApi } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())

interface BadRequest {
  readonly request: string
  readonly body?: string
  readonly headers?: Record<string, string>
  readonly status: number
  readonly type: string
  /** The field in `errors`. */
  readonly field?: string
  /** A part of `detail`. */
  readonly detail?: string
  /** If true, `detail` ends with this part. */
  readonly isEnd?: boolean
}

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

const BAD_REQUESTS: readonly BadRequest[] = [
  ...[
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/x-tar',
  ].flatMap((type) =>
    [
      '/country/export',
      '/_backup/export',
      '/_backup/check',
      ...['confirm', 'run', 'pause', 'resume'].map((action) => `/_backup/schedules/nightly/${action}`),
    ].map((path) => ({
      request: `POST ${path}`,
      body: type.startsWith('multipart')
        ? '--x\r\ncontent-disposition: form-data; name="wait"\r\n\r\n0\r\n--x--'
        : 'wait=0',
      headers: { 'content-type': type },
      status: 415,
      type: 'unsupported-media-type',
      detail: path.endsWith('/resume')
        ? 'The route accepts no parameters, so send the request without a body'
        : 'Send the parameters as a JSON object with the header content-type: application/json' +
          (path === '/_backup/check' ? '' : ', or in the query'),
      isEnd: true,
    })),
  ),
  ...['"x"', '5', 'null', 'true', '[1]'].map((body) => ({
    request: 'POST /_backup/check',
    body,
    headers: form,
    status: 400,
    type: 'invalid-request',
    field: 'body',
    detail: 'must be a JSON object',
  })),
  {
    request: 'POST /_backup/export',
    body: '{bad',
    headers: form,
    status: 400,
    type: 'invalid-request',
    field: 'body',
    detail: 'must be JSON text in UTF-8',
  },
  { request: 'POST /_backup/check', status: 400, type: 'invalid-request', field: 'from', detail: 'job_id' },
  ...[
    { from: 'a', field: 'from', detail: 'must be an object' },
    { from: {}, field: 'from', detail: 'must be an object' },
    { from: { job_id: 'a', bucket: 'b' }, field: 'from', detail: 'must be an object' },
    { from: { bucket: 'specstar-archives' }, field: 'from', detail: 'must be an object' },
    { from: { job_id: '' }, field: 'from.job_id', detail: 'must not be empty' },
    { from: { job_id: 'a' }, dry_run: true, field: 'dry_run' },
    { from: { job_id: 'a' }, ids: ['a'], field: 'ids' },
    { from: { job_id: 'a' }, wait: 30, field: 'wait', detail: '0 to 25' },
    {
      from: { bucket: 'specstar-archives', key: 'nothing.acbak' },
      field: 'from.key',
      detail: 'there is no object s3://specstar-archives/nothing.acbak',
    },
  ].map(({ field, detail, ...body }) => ({
    request: 'POST /_backup/check',
    body: JSON.stringify(body),
    headers: json,
    status: 400,
    type: 'invalid-request',
    field,
    ...(detail === undefined ? {} : { detail }),
  })),
  {
    request: 'POST /_backup/check',
    body: '{"from":{"job_id":"no-such-job"}}',
    headers: json,
    status: 404,
    type: 'unknown-job',
  },
  ...['specstar-blobs', 'specstar-work', 'elsewhere'].map((bucket) => ({
    request: 'POST /_backup/check',
    body: JSON.stringify({ from: { bucket, key: 'k' } }),
    headers: json,
    status: 403,
    type: 'source-not-allowed',
  })),
  { request: 'GET /_backup/check', status: 405, type: 'method-not-allowed' },
  { request: 'GET /nope/export', status: 404, type: 'unknown-model', detail: 'character, city, country' },
  { request: 'GET /_other/export', status: 404, type: 'unknown-model' },
  { request: 'GET /blobs/export', status: 404, type: 'unknown-model' },
  { request: 'GET /a%20b/export', status: 404, type: 'unknown-model' },
  { request: 'POST /nope/import', body: 'x', status: 404, type: 'unknown-model' },
  { request: 'GET /_backup/export?models=country,nope', status: 404, type: 'unknown-model', detail: 'nope' },
  { request: 'GET /country/export?wait=30', status: 400, type: 'invalid-request', field: 'wait', detail: '0 to 25' },
  { request: 'GET /country/export?models=city', status: 400, type: 'invalid-request', field: 'models' },
  { request: 'GET /country/export?limit=5', status: 400, type: 'invalid-request', field: 'limit', detail: 'search' },
  {
    request: 'GET /country/export?qb=1',
    status: 400,
    type: 'invalid-request',
    field: 'qb',
    detail: 'expected a condition',
  },
  {
    request: 'GET /country/export?format=specstar&ids=%20',
    status: 400,
    type: 'invalid-request',
    field: 'ids',
    detail: 'blank',
  },
  { request: 'GET /country/export?foo=1', status: 400, type: 'invalid-request', field: 'foo', detail: 'allowed:' },
  {
    request: 'GET /country/export?is_deleted=x',
    status: 400,
    type: 'invalid-request',
    field: 'is_deleted',
    detail: 'must be true, t, yes',
  },
  {
    request: 'GET /country/export?created_time_start=2026-01-05',
    status: 400,
    type: 'invalid-request',
    field: 'created_time_start',
    detail: 'offset',
  },
  { request: 'POST /country/export', body: '{', status: 400, type: 'invalid-request', field: 'body', detail: 'JSON' },
  {
    request: 'POST /country/export',
    body: '[]',
    status: 400,
    type: 'invalid-request',
    field: 'body',
    detail: 'object',
  },
  {
    request: 'POST /country/export?strict=true',
    body: '{"strict":true}',
    status: 400,
    type: 'invalid-request',
    field: 'strict',
    detail: 'give it once',
  },
  {
    request: 'POST /country/export',
    headers: { 'idempotency-key': 'x'.repeat(256) },
    status: 400,
    type: 'invalid-request',
    field: 'Idempotency-Key',
  },
  {
    request: 'POST /country/import?on_duplicate=replace',
    body: 'x',
    status: 400,
    type: 'invalid-request',
    field: 'on_duplicate',
    detail: 'overwrite, skip, raise_error',
  },
  {
    request: 'POST /country/import?on_duplicate=skip&redirect=true',
    status: 400,
    type: 'invalid-request',
    field: 'redirect',
  },
  { request: 'POST /_backup/import?dry_run=2', status: 400, type: 'invalid-request', field: 'dry_run' },
  { request: 'POST /_backup/import', body: '{}', headers: json, status: 400, type: 'invalid-request', field: 'from' },
  { request: 'POST /_backup/import', body: 'x', headers: json, status: 400, type: 'invalid-request', field: 'body' },
  {
    request: 'POST /_backup/import',
    body: '{"from":{"job_id":"none"}}',
    headers: json,
    status: 404,
    type: 'unknown-job',
  },
  {
    request: 'POST /_backup/import',
    body: '{"from":{"bucket":"elsewhere","key":"k"}}',
    headers: json,
    status: 403,
    type: 'source-not-allowed',
    detail: 'specstar-archives',
  },
  {
    request: 'POST /_backup/import',
    body: '{"from":{"bucket":"specstar-work","key":"k"}}',
    headers: json,
    status: 403,
    type: 'source-not-allowed',
    detail: 'from.bucket: this deployment does not restore archives from bucket specstar-work',
  },
  {
    request: 'POST /_backup/import',
    body: '{"from":{"bucket":"specstar-archives","key":"none.acbak"}}',
    headers: json,
    status: 400,
    type: 'invalid-request',
    field: 'from.key',
  },
  {
    request: 'POST /_backup/import',
    body: '{"from":{"bucket":"specstar-archives","key":""}}',
    headers: json,
    status: 400,
    type: 'invalid-request',
    field: 'from.key',
  },
  {
    request: 'POST /_backup/import',
    body: '{"from":{"bucket":"specstar-archives","key":"none.acbak","version_id":"v1"}}',
    headers: json,
    status: 400,
    type: 'invalid-request',
    field: 'from.version_id',
  },
  {
    request: 'POST /country/export',
    body: JSON.stringify({ ids: Array.from({ length: 20_000 }, (_, k) => `id-${k}`) }),
    status: 400,
    type: 'invalid-request',
    field: 'ids',
    detail: 'too long',
  },
  {
    request: 'POST /_backup/import',
    body: 'x',
    headers: { 'content-type': 'multipart/form-data' },
    status: 400,
    type: 'invalid-request',
    field: 'body',
  },
  {
    request: 'POST /_backup/import',
    body: 'x'.repeat(4 * 1024 * 1024 + 1),
    status: 413,
    type: 'too-large',
    detail: 'upload slot',
  },
  ...['application/octet-stream', 'application/x-tar', 'multipart/form-data; boundary=x'].map((type) => ({
    request: 'POST /_backup/import',
    headers: { 'content-type': type },
    status: 400,
    type: 'invalid-request',
    field: 'body',
    detail: 'is that of an archive',
  })),
  ...['', 'application/x-www-form-urlencoded', 'text/plain', 'application/octet-stream'].map((type) => ({
    request: 'POST /city/import',
    body: ' {"from":{"job_id":"x"}}',
    headers: { 'content-type': type },
    status: 415,
    type: 'unsupported-media-type',
    detail: 'content-type: application/json',
  })),
  {
    request: 'POST /_backup/import',
    body: 'on_duplicate=skip&dry_run=true',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 400,
    type: 'invalid-request',
    field: 'on_duplicate',
    detail: 'in the query',
  },
  { request: 'GET /_backup/jobs?status=done', status: 400, type: 'invalid-request', field: 'status', detail: 'queued' },
  { request: 'GET /_backup/jobs?limit=0', status: 400, type: 'invalid-request', field: 'limit', detail: '1 to 200' },
  { request: 'GET /_backup/jobs?cursor=junk', status: 400, type: 'invalid-request', field: 'cursor' },
  {
    request: `GET /_backup/jobs?cursor=${Buffer.from(`{"month":"202601","after":"${'x'.repeat(2_000)}"}`).toString('base64url')}`,
    status: 400,
    type: 'invalid-request',
    field: 'cursor',
  },
  {
    request: 'GET /country/export?ids=a/b',
    status: 400,
    type: 'invalid-request',
    field: 'ids',
    detail: 'contains "/"',
  },
  {
    request: `GET /country/export?ids=${'x'.repeat(256)}`,
    status: 400,
    type: 'invalid-request',
    field: 'ids',
    detail: '255',
  },
  {
    request: 'POST /_backup/import',
    headers: json,
    body: '{"from":{"bucket":"specstar-archives","key":"\\ud800"}}',
    status: 400,
    type: 'invalid-request',
    field: 'from.key',
    detail: 'Unicode',
  },
  { request: 'GET /_backup/jobs/none', status: 404, type: 'unknown-job' },
  { request: 'GET /_backup/jobs/a%2Fb', status: 404, type: 'unknown-job' },
  { request: 'GET /_backup/jobs/none?x=1', status: 400, type: 'invalid-request', field: 'x' },
  { request: 'GET /_backup/jobs/none/report', status: 404, type: 'unknown-job' },
  { request: 'GET /_backup/jobs/none/archive', status: 404, type: 'unknown-job' },
  { request: 'POST /_backup/jobs/none/cancel', status: 404, type: 'unknown-job' },
  { request: 'GET /_backup/health?deep=1', status: 400, type: 'invalid-request', field: 'deep' },
  ...['limit=0', 'limit=201', 'from=2026-01-01', 'to=2026-13-01T00:00:00Z', 'from=0000-01-01T00:00:00%2B01:00'].map(
    (query) => ({
      request: `GET /_backup/archives?${query}`,
      status: 400,
      type: 'invalid-request',
      field: query.split('=')[0] ?? '',
    }),
  ),
  ...['schedule=', 'model=', 'complete=maybe', 'cursor=x', 'kind=export', 'model=a&model=b'].map((query) => ({
    request: `GET /_backup/archives?${query}`,
    status: 400,
    type: 'invalid-request',
    field: query.split('=')[0] ?? '',
  })),
  { request: 'GET /_backup/archives/latest?limit=1', status: 400, type: 'invalid-request', field: 'limit' },
  { request: 'GET /_backup/archives/latest?from=x', status: 400, type: 'invalid-request', field: 'from' },
  { request: 'GET /_backup/archives/latest', status: 404, type: 'no-archive' },
  { request: 'POST /_backup/archives', status: 405, type: 'method-not-allowed', detail: 'GET' },
  { request: 'GET /_backup/schedules?limit=1', status: 400, type: 'invalid-request', field: 'limit' },
  { request: 'POST /_backup/schedules/none/run', status: 404, type: 'unknown-schedule' },
  { request: 'POST /_backup/schedules/none/pause', status: 404, type: 'unknown-schedule' },
  { request: 'POST /_backup/schedules/none/resume', status: 404, type: 'unknown-schedule' },
  { request: 'GET /_backup/schedules/none/run', status: 405, type: 'method-not-allowed', detail: 'POST' },
  { request: 'GET /', status: 404, type: 'not-found', detail: '/{model}/export' },
  { request: 'GET /_backup/nothing', status: 404, type: 'not-found' },
  { request: 'GET /%E0%A4%A/export', status: 404, type: 'not-found', detail: 'the routes are' },
  { request: `GET /_backup/jobs/${'a'.repeat(1500)}`, status: 404, type: 'not-found', detail: 'the routes are' },
  { request: 'GET /country/import', status: 405, type: 'method-not-allowed', detail: 'POST' },
  { request: 'DELETE /_backup/jobs/x', status: 405, type: 'method-not-allowed', detail: 'GET' },
]

describe('a bad request', () => {
  it.each(BAD_REQUESTS)(
    '$request is answered with $status $type $field',
    async ({ request, body, headers = {}, status, type, field, detail, isEnd = false }) => {
      const started = api.engine.started.length
      const [method, path = ''] = request.split(' ')
      const response = await fetch(api.gateway.url + path, {
        method: method ?? 'GET',
        headers,
        ...(body === undefined ? {} : { body }),
      })
      const problem = (await response.json()) as { errors?: { field: string }[]; detail: string }
      expect(problem).toMatchObject({ type, status, title: expect.any(String) as string })
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      if (field !== undefined) expect(problem.errors?.map((error) => error.field)).toEqual([field])
      if (detail !== undefined) expect(problem.detail).toContain(detail)
      if (isEnd) expect(problem.detail.endsWith(detail ?? '')).toBe(true)
      expect(api.engine.started).toHaveLength(started)
    },
  )

  it('with a wrong method is answered with the methods that the route accepts', async () => {
    const response = await fetch(`${api.gateway.url}/country/export`, { method: 'PUT' })
    expect(response.headers.get('allow')).toBe('GET, POST')
  })
})
