import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { fault } from '../s3-fault.ts'
import type { S3Request } from '../s3-request.ts'

/*
 * Signature Version 4, strictly: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * s3rver signs lists and batch deletes over another path than the SDK, does not escape `!'()*` in queries (so that a
 * presigned name of a file with brackets fails), refuses bodies with trailers, and lets requests pass that are not
 * signed at all.
 */

/** The only credentials of the local program, as s3rver has them. */
const ACCESS_KEY = 'S3RVER'
const SECRET_KEY = 'S3RVER'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const SKEW_MS = 15 * 60 * 1000
const LONGEST_EXPIRY_S = 7 * 24 * 3600

/** What the chunks of a streamed body are signed with. */
export interface Signer {
  readonly signature: string
  readonly date: string
  readonly scope: string
  readonly key: Buffer
}

interface Claim {
  readonly date: string
  readonly scope: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly payloadHash: string
}

/** Throws 400 or 403 as S3 does, unless the request carries a valid signature in its header or its query. */
export function verifySignature(request: S3Request): Signer {
  const authorization = request.headers.get('authorization')
  const presigned = request.query.has('X-Amz-Algorithm')
  if (authorization !== undefined && presigned) {
    throw fault('InvalidArgument', 'Only one auth mechanism allowed')
  }
  if (authorization === undefined && !presigned) throw fault('AccessDenied', 'Access Denied: the request is not signed')
  const claim = authorization !== undefined ? claimOfHeader(request, authorization) : claimOfQuery(request)

  for (const name of request.headers.keys()) {
    const inQuery = presigned && request.incoming.headers[name] === undefined
    if (name.startsWith('x-amz-') && !inQuery && !claim.signedHeaders.includes(name)) {
      throw fault('AccessDenied', 'There were headers present in the request which were not signed', {
        HeadersNotSigned: name,
      })
    }
  }

  const key = signingKey(claim.scope)
  const stringToSign = [ALGORITHM, claim.date, claim.scope, sha256(canonicalRequest(request, claim))].join('\n')
  const expected = createHmac('sha256', key).update(stringToSign).digest('hex')
  if (!equal(expected, claim.signature)) {
    throw fault(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      { AWSAccessKeyId: ACCESS_KEY, StringToSign: stringToSign },
    )
  }
  return { signature: claim.signature, date: claim.date, scope: claim.scope, key }
}

/** The signature of one chunk of a streamed body, which continues the one before it. */
export function chunkSignature(signer: Signer, kind: 'PAYLOAD' | 'TRAILER', previous: string, hash: string): string {
  const parts = [`${ALGORITHM}-${kind}`, signer.date, signer.scope, previous]
  if (kind === 'PAYLOAD') parts.push(sha256(''))
  return createHmac('sha256', signer.key)
    .update([...parts, hash].join('\n'))
    .digest('hex')
}

function claimOfHeader(request: S3Request, authorization: string): Claim {
  const match = /^AWS4-HMAC-SHA256\s+(.*)$/.exec(authorization)
  if (match === null) throw fault('InvalidRequest', 'Please use AWS4-HMAC-SHA256.')
  const fields = new Map((match[1] ?? '').split(',').map((field) => pairOf(field.trim())))
  const credential = fields.get('Credential')
  const signedHeaders = fields.get('SignedHeaders')
  const signature = fields.get('Signature')
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw fault(
      'AuthorizationHeaderMalformed',
      'The authorization header needs Credential, SignedHeaders and Signature.',
    )
  }
  const payloadHash = request.headers.get('x-amz-content-sha256')
  if (payloadHash === undefined) {
    throw fault('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  }
  const date = request.headers.get('x-amz-date') ?? ''
  if (Math.abs(Date.now() - timeOf(date)) > SKEW_MS) {
    throw fault('RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.')
  }
  const scope = scopeOf(credential, date)
  return { date, scope, signedHeaders: signedHeaders.split(';'), signature, payloadHash }
}

function claimOfQuery(request: S3Request): Claim {
  const parameter = (name: string): string => {
    const value = request.query.get(name)
    if (value === undefined) throw fault('AuthorizationQueryParametersError', `A presigned URL needs ${name}.`)
    return value
  }
  if (parameter('X-Amz-Algorithm') !== ALGORITHM) {
    throw fault('AuthorizationQueryParametersError', `X-Amz-Algorithm only supports "${ALGORITHM}"`)
  }
  const date = parameter('X-Amz-Date')
  const expires = Number(parameter('X-Amz-Expires'))
  if (!Number.isInteger(expires) || expires < 0 || expires > LONGEST_EXPIRY_S) {
    throw fault('AuthorizationQueryParametersError', `X-Amz-Expires must be 0 to ${LONGEST_EXPIRY_S} seconds`)
  }
  const signed = timeOf(date)
  if (signed - Date.now() > SKEW_MS) throw fault('AccessDenied', 'Request is not yet valid')
  if (Date.now() > signed + expires * 1000) {
    throw fault('AccessDenied', 'Request has expired', { Expires: new Date(signed + expires * 1000).toISOString() })
  }
  const scope = scopeOf(parameter('X-Amz-Credential'), date)
  const signedHeaders = parameter('X-Amz-SignedHeaders').split(';')
  const payloadHash = request.headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  return { date, scope, signedHeaders, signature: parameter('X-Amz-Signature'), payloadHash }
}

function canonicalRequest(request: S3Request, claim: Claim): string {
  const query = [...request.query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [escape(name), escape(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
  // a signed header that is not there is signed as empty, and so does not match
  const headers = claim.signedHeaders.map((name) => `${name}:${headerOf(request, name).trim().replace(/ +/g, ' ')}\n`)
  return [
    request.method,
    request.path.split('/').map(escape).join('/'),
    query.join('&'),
    headers.join(''),
    claim.signedHeaders.join(';'),
    claim.payloadHash,
  ].join('\n')
}

function headerOf(request: S3Request, name: string): string {
  const value = request.incoming.headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

function scopeOf(credential: string, date: string): string {
  const [accessKey, ...scope] = credential.split('/')
  const [day, , service, end] = scope
  if (scope.length !== 4 || service !== 's3' || end !== 'aws4_request' || !date.startsWith(day ?? ' ')) {
    throw fault('AuthorizationHeaderMalformed', `The credential "${credential}" is malformed.`)
  }
  if (accessKey !== ACCESS_KEY) {
    throw fault('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.')
  }
  return scope.join('/')
}

function timeOf(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  if (match === null) throw fault('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  const [, year, month, day, hour, minute, second] = match.map(Number)
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
}

// The scope changes once a day, and four HMACs a request are a part of its cost.
let latest: { readonly scope: string; readonly key: Buffer } | undefined

function signingKey(scope: string): Buffer {
  if (latest?.scope === scope) return latest.key
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${SECRET_KEY}`),
    )
  latest = { scope, key }
  return key
}

function pairOf(field: string): [string, string] {
  const at = field.indexOf('=')
  return [field.slice(0, at), field.slice(at + 1)]
}

function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function equal(expected: string, actual: string): boolean {
  return expected.length === actual.length && timingSafeEqual(Buffer.from(expected), Buffer.from(actual))
}
