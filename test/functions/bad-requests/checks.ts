import { type BadRequest, form, json } from './bad-request.ts'

/** Requests that check an archive. */
export const BAD_CHECKS: readonly BadRequest[] = [
  ...['"x"', '5', 'null', 'true', '[1]'].map((body) => ({
    request: 'POST /_backup/check',
    body,
    headers: form,
    status: 400,
    type: 'invalid-request',
    field: 'body',
    detail: 'must be a JSON object',
  })),
  { request: 'POST /_backup/check', status: 400, type: 'invalid-request', field: 'from', detail: 'job_id' },
  ...[
    { from: 'a', field: 'from', detail: 'must be an object' },
    { from: {}, field: 'from', detail: 'must be an object' },
    { from: { job_id: 'a', bucket: 'b' }, field: 'from', detail: 'must be an object' },
    { from: { bucket: 'specstar-archives' }, field: 'from', detail: 'must be an object' },
    { from: { job_id: '' }, field: 'from.job_id', detail: 'must not be empty' },
    { from: { job_id: 'a' }, dry_run: true, field: 'dry_run' },
    { from: { job_id: 'a' }, ids: ['a'], field: 'ids' },
    ...['limit', 'offset', 'sorts', 'partial', 'returns'].map((field) => ({
      from: { job_id: 'a' },
      [field]: 1,
      field,
      detail: 'unknown parameter; allowed: from, wait',
    })),
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
]
