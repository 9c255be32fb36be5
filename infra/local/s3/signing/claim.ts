import type { S3Request } from '../http/request.ts'
import { S3Error } from '../http/s3-error.ts'

/** The signature of a request and the data that was signed. None of these values has been verified. */
export interface SignatureClaim {
  /** The location of the signature: the header `Authorization`, or the query of a presigned URL. */
  readonly from: 'header' | 'query'
  readonly accessKeyId: string
  readonly region: string
  /** The time of the signature, for example `20261101T000000Z`. */
  readonly date: string
  readonly signedAt: Date
  /** The names of the signed headers, in lower case. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** The lifetime of a presigned URL. It is 0 for a signature in the header. */
  readonly expiresInSeconds: number
}

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** The largest difference between the clocks of the client and the service that S3 allows. */
const MAX_CLOCK_SKEW_MS = 15 * 60 * 1000
/** S3's limit on the lifetime of a presigned URL, which is 7 days. */
const MAX_EXPIRY_SECONDS = 7 * 24 * 3600

/** Returns the claim of a request. Throws 400 or 403 if the claim is incomplete, expired or not valid yet. */
export function readClaim(request: S3Request): SignatureClaim {
  const authorization = request.headers.get('authorization')
  const presigned = request.query.has('X-Amz-Algorithm')
  if (authorization !== undefined && presigned) throw new S3Error('InvalidArgument', 'Only one auth mechanism allowed')
  if (authorization !== undefined) return claimInHeader(request, authorization)
  if (presigned) return claimInQuery(request)
  throw new S3Error('AccessDenied', 'Access Denied: the request is not signed')
}

function claimInHeader(request: S3Request, authorization: string): SignatureClaim {
  const match = /^AWS4-HMAC-SHA256\s+(.*)$/.exec(authorization)
  if (match === null) throw new S3Error('InvalidRequest', `Please use ${ALGORITHM}.`)
  const fields = new Map((match[1] ?? '').split(',').map((field) => splitField(field.trim())))
  const credential = fields.get('Credential')
  const signedHeaders = fields.get('SignedHeaders')
  const signature = fields.get('Signature')
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      'The authorization header must contain Credential, SignedHeaders and Signature.',
    )
  }
  if (!request.headers.has('x-amz-content-sha256')) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  }
  const date = request.headers.get('x-amz-date') ?? ''
  const signedAt = parseDate(date)
  if (Math.abs(Date.now() - signedAt.getTime()) > MAX_CLOCK_SKEW_MS) {
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    )
  }
  return {
    from: 'header',
    ...parseCredential(credential, date),
    date,
    signedAt,
    signedHeaders: signedHeaders.split(';'),
    signature,
    expiresInSeconds: 0,
  }
}

function claimInQuery({ query }: S3Request): SignatureClaim {
  const parameter = (name: string): string => {
    const value = query.get(name)
    if (value === undefined) {
      throw new S3Error('AuthorizationQueryParametersError', `A presigned URL must contain ${name}.`)
    }
    return value
  }
  if (parameter('X-Amz-Algorithm') !== ALGORITHM) {
    throw new S3Error('AuthorizationQueryParametersError', `X-Amz-Algorithm only supports "${ALGORITHM}"`)
  }
  const date = parameter('X-Amz-Date')
  const expiresInSeconds = Number(parameter('X-Amz-Expires'))
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 0 || expiresInSeconds > MAX_EXPIRY_SECONDS) {
    throw new S3Error(
      'AuthorizationQueryParametersError',
      `X-Amz-Expires must be between 0 and ${MAX_EXPIRY_SECONDS} seconds`,
    )
  }
  const signedAt = parseDate(date)
  if (signedAt.getTime() - Date.now() > MAX_CLOCK_SKEW_MS) {
    throw new S3Error('AccessDenied', 'Request is not yet valid')
  }
  const expires = new Date(signedAt.getTime() + expiresInSeconds * 1000)
  if (Date.now() > expires.getTime()) {
    throw new S3Error('AccessDenied', 'Request has expired', { Expires: expires.toISOString() })
  }
  return {
    from: 'query',
    ...parseCredential(parameter('X-Amz-Credential'), date),
    date,
    signedAt,
    signedHeaders: parameter('X-Amz-SignedHeaders').split(';'),
    signature: parameter('X-Amz-Signature'),
    expiresInSeconds,
  }
}

function parseCredential(credential: string, date: string): Pick<SignatureClaim, 'accessKeyId' | 'region'> {
  const [accessKeyId = '', day, region = '', service, end, ...rest] = credential.split('/')
  if (rest.length > 0 || service !== 's3' || end !== 'aws4_request' || day !== date.slice(0, 8)) {
    throw new S3Error('AuthorizationHeaderMalformed', `The credential "${credential}" is malformed.`)
  }
  return { accessKeyId, region }
}

function parseDate(date: string): Date {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  if (match === null) {
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  }
  const [, year = 0, month = 1, day, hour, minute, second] = match.map(Number)
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second))
}

function splitField(field: string): [string, string] {
  const at = field.indexOf('=')
  return [field.slice(0, at), field.slice(at + 1)]
}
