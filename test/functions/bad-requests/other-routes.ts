import { encodeCursor } from '../../../shared/requests/cursor.ts'
import type { BadRequest } from './bad-request.ts'

/** Requests to other routes, and bodies that are not JSON. */
export const OTHER_BAD_REQUESTS: readonly BadRequest[] = [
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
  { request: 'GET /_backup/jobs?status=done', status: 400, type: 'invalid-request', field: 'status', detail: 'queued' },
  { request: 'GET /_backup/jobs?limit=0', status: 400, type: 'invalid-request', field: 'limit', detail: '1 to 200' },
  { request: 'GET /_backup/jobs?cursor=junk', status: 400, type: 'invalid-request', field: 'cursor' },
  {
    request: `GET /_backup/jobs?cursor=${encodeCursor('jobs', { month: '202601', after: 'x'.repeat(2_000) })}`,
    status: 400,
    type: 'invalid-request',
    field: 'cursor',
  },
  ...[
    ['/_backup/jobs', encodeCursor('archives', { month: '202601', after: 'x' })],
    ['/_backup/jobs', Buffer.from('{"month":"202601","after":"x"}').toString('base64url')],
    ['/_backup/archives', encodeCursor('jobs', { month: '202601', after: 'x' })],
    ['/_backup/prune', encodeCursor('jobs', { month: '202601', after: 'x' })],
  ].map(([path, cursor]) => ({
    request: `GET ${path}?cursor=${cursor}`,
    status: 400,
    type: 'invalid-request',
    field: 'cursor',
    detail: 'must be the `cursor` of an earlier page of this list',
  })),
  { request: 'GET /_backup/jobs/none', status: 404, type: 'unknown-job' },
  { request: 'GET /_backup/jobs/a%2Fb', status: 404, type: 'unknown-job' },
  { request: 'GET /_backup/jobs/none?x=1', status: 400, type: 'invalid-request', field: 'x' },
  { request: 'GET /_backup/jobs/none/report', status: 404, type: 'unknown-job' },
  { request: 'GET /_backup/jobs/none/archive', status: 404, type: 'unknown-job' },
  { request: 'POST /_backup/jobs/none/cancel', status: 404, type: 'unknown-job' },
  { request: 'GET /_backup/health?deep=1', status: 400, type: 'invalid-request', field: 'deep' },
  ...[
    ...['limit=0', 'limit=201', 'from=2026-01-01', 'to=2026-13-01T00:00:00Z', 'from=0000-01-01T00:00:00%2B01:00'],
    ...['2026-02-29T00:00:00Z', '2026-02-30T00:00:00Z', '2026-04-31T00:00:00Z', '2026-01-01T24:00:00Z'].flatMap(
      (time) => [`from=${time}`, `to=${time}`],
    ),
    ...['from=0000-01-01T00:00:00Z', 'from=2026-01-01T00:00:00', 'to=', 'to=1767601800'],
  ].map((query) => ({
    request: `GET /_backup/archives?${query}`,
    status: 400,
    type: 'invalid-request',
    field: query.split('=')[0] ?? '',
  })),
  ...['schedule=', 'model=', 'complete=maybe', 'cursor=x', 'kind=export', 'model=a&model=b'].map((query) => ({
    request: `GET /_backup/archives?${query}`,
    status: 400,
    type: 'invalid-request',
    field: query.split('=')[0] ?? '',
  })),
  ...[
    ...['limit', 'offset', 'sorts', 'returns'].flatMap((name) => [
      `GET /_backup/archives/latest?${name}=1`,
      `POST /_backup/schedules/nightly/run?${name}=1`,
    ]),
    ...['/_backup/archives', '/_backup/jobs', '/_backup/prune'].map((path) => `GET ${path}?offset=1`),
  ].map((request) => ({
    request,
    status: 400,
    type: 'invalid-request',
    field: /\?(\w+)=/.exec(request)?.[1] ?? '',
    detail: 'unknown parameter; allowed: ',
  })),
  { request: 'GET /_backup/archives/latest?from=x', status: 400, type: 'invalid-request', field: 'from' },
  { request: 'GET /_backup/archives/latest', status: 404, type: 'no-archive' },
  { request: 'POST /_backup/archives', status: 405, type: 'method-not-allowed', detail: 'GET' },
  { request: 'GET /_backup/schedules?limit=1', status: 400, type: 'invalid-request', field: 'limit' },
  { request: 'POST /_backup/schedules/none/run', status: 404, type: 'unknown-schedule' },
  { request: 'POST /_backup/schedules/none/pause', status: 404, type: 'unknown-schedule' },
  { request: 'POST /_backup/schedules/none/resume', status: 404, type: 'unknown-schedule' },
  { request: 'GET /_backup/schedules/none/run', status: 405, type: 'method-not-allowed', detail: 'POST' },
  { request: 'GET /_backup/nothing', status: 404, type: 'not-found' },
  {
    ...{ request: 'GET /_backup/', status: 404, type: 'not-found' },
    detail: '/_backup/ is not a route of this API; remove the superfluous slash at the end: /_backup',
  },
  { request: 'GET /_backup/jobs/', status: 404, type: 'not-found', detail: 'slash at the end: /_backup/jobs' },
  { request: 'GET /country/export//', status: 404, type: 'not-found', detail: 'slashes: /country/export' },
  {
    ...{ request: 'GET /_backup/ui/', status: 404, type: 'not-found' },
    detail: '/_backup/ui/ is not a route of this API; the page is /_backup',
  },
  { request: 'GET /_backup/ui', status: 404, type: 'not-found', detail: 'the page is /_backup' },
  { request: 'GET //_backup', status: 404, type: 'not-found', detail: 'remove the superfluous slashes: /_backup' },
  { request: 'GET //_backup//', status: 404, type: 'not-found', detail: 'superfluous slashes: /_backup' },
  { request: 'GET /_backup//jobs', status: 404, type: 'not-found', detail: 'slashes: /_backup/jobs' },
  { request: 'GET /country//export', status: 404, type: 'not-found', detail: 'slashes: /country/export' },
  { request: 'GET //export', status: 404, type: 'not-found', detail: '{model} in /{model}/export is empty' },
  {
    ...{ request: 'GET /_backup/jobs//report', status: 404, type: 'not-found' },
    detail: '{job_id} in /_backup/jobs/{job_id}/report is empty',
  },
  {
    request: 'POST /_backup/schedules//run',
    status: 404,
    type: 'not-found',
    detail: '{name} in /_backup/schedules/{name}/run is empty',
  },
  { request: 'GET //', status: 404, type: 'not-found', detail: 'the routes are' },
  {
    ...{ request: `GET /_backup/jobs/${'a'.repeat(1500)}`, status: 404, type: 'not-found' },
    detail: '{job_id} in /_backup/jobs/{job_id} is too long, or is not valid percent-encoded UTF-8',
  },
  { request: 'GET /_backup/jobs/%', status: 404, type: 'not-found', detail: '{job_id} in /_backup/jobs/{job_id} is' },
  { request: 'GET /_backup/jobs/x/differences?model=', status: 400, type: 'invalid-request', field: 'model' },
  {
    ...{ request: 'POST /_backup/jobs/x/cancel', body: '{"force": true}' },
    ...{ status: 400, type: 'invalid-request', field: 'force' },
  },
  {
    ...{ request: 'POST /_backup/jobs/x/cancel', body: 'force=true', headers: { 'content-type': 'text/plain' } },
    ...{ status: 415, type: 'unsupported-media-type', detail: 'accepts no parameters' },
  },
  {
    ...{ request: 'GET /_backup/export?models=city,', status: 400, type: 'invalid-request', field: 'models' },
    detail: 'contains an empty name; list names of registered models, or leave out the parameter to export all of them',
  },
  { request: 'DELETE /_backup/jobs/x', status: 405, type: 'method-not-allowed', detail: 'GET' },
]
