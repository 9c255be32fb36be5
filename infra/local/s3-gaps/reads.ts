import { finished } from 'node:stream'
import { answerEmpty, type Call, type Operation } from '../s3-call.ts'
import { slice } from '../s3-content.ts'
import { noSuchKey } from '../s3-fault.ts'
import type { ObjectRecord } from '../s3-records.ts'
import { checksumHeaders } from './checksums.ts'
import { conditionOfRead } from './conditions.ts'
import { rangeOf } from './ranges.ts'
import { overriddenHeaders } from './response-headers.ts'
import { onlyVersion } from './versions.ts'

/** GetObject and HeadObject: headers and bytes of one state, even if the object is replaced or deleted meanwhile. */
export const getObject: Operation = async (call) => {
  const { request, context, objects } = call
  onlyVersion(request.query.get('versionId'))
  const held = objects.hold(request.bucket, request.key)
  if (held === undefined) throw noSuchKey(request.key)
  let streaming = false
  try {
    const { record } = held
    const overrides = overriddenHeaders(request)
    const send = conditionOfRead(request, record)
    context.set('ETag', `"${record.etag}"`)
    context.set('Last-Modified', new Date(record.modified).toUTCString())
    if (!send) {
      answerEmpty(call, 304)
      return
    }
    const range = rangeOf(request.headers.get('range'), record.size)
    setHeaders(call, record, overrides)
    if (range === undefined && request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
      for (const [name, value] of checksumHeaders(record.checksums)) context.set(name, value)
    }
    context.status = range === undefined ? 200 : 206
    const { start, end } = range ?? { start: 0, end: record.size - 1 }
    if (range !== undefined) context.set('Content-Range', `bytes ${start}-${end}/${record.size}`)
    if (request.method !== 'HEAD' && record.size > 0) {
      const body = objects.content.read(slice(record.segments, start, end))
      finished(body, () => {
        held.release()
      })
      streaming = true
      context.body = body
    } else context.body = ''
    // after the body: setting one takes the length away
    context.length = end + 1 - start
    setType(call, record, overrides)
  } finally {
    if (!streaming) held.release()
  }
  await Promise.resolve()
}

function setHeaders({ context }: Call, record: ObjectRecord, overrides: ReadonlyMap<string, string>): void {
  context.set('Accept-Ranges', 'bytes')
  for (const [name, value] of Object.entries(record.headers)) context.set(name, value)
  for (const [name, value] of overrides) context.set(name, value)
}

// Koa guesses a type when a body is set.
function setType({ context }: Call, record: ObjectRecord, overrides: ReadonlyMap<string, string>): void {
  context.set('Content-Type', overrides.get('content-type') ?? record.headers['content-type'] ?? 'binary/octet-stream')
}
