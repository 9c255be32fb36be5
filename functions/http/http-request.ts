import type { APIGatewayEventRequestContextV2, APIGatewayProxyEventV2WithRequestContext } from 'aws-lambda'
import { jsonText } from '../../shared/resources/indexed.ts'
import { exactNumbers } from '../../shared/values/exact-json.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { errorMessage } from '../../shared/values/error-message.ts'

/** The event of an API Gateway HTTP API, in payload format version 2.0, for a request that IAM has authorized. */
export type HttpEvent = APIGatewayProxyEventV2WithRequestContext<
  APIGatewayEventRequestContextV2 & { readonly authorizer?: { readonly iam?: { readonly userArn?: string } } }
>

/** A decoded HTTP request. */
export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The ARN of the IAM identity that signed the request. In the local program, the value is `local`. */
  readonly caller: string
  readonly requestId: string
}

/**
 * The largest archive in a request, in bytes. A Lambda event is limited to 6 MB and contains the body in base64.
 * Therefore, a body can have at most 4.5 MB. An archive of 4 MiB in a form stays below this limit.
 */
export const MAX_ARCHIVE_BYTES = 4 * 1024 * 1024

/** Decodes an event. It reads the raw query string because API Gateway joins repeated parameters with commas. */
export const httpRequest = (event: HttpEvent): HttpRequest => ({
  method: event.requestContext.http.method,
  path: event.rawPath,
  params: definedEntries(event.pathParameters ?? {}),
  query: new URLSearchParams(event.rawQueryString),
  headers: headersOf(event),
  body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  caller: event.requestContext.authorizer?.iam?.userArn ?? 'unknown',
  requestId: event.requestContext.requestId,
})

/** Returns the headers of a request. The names are in lower case. */
export const headersOf = ({ headers }: Pick<HttpEvent, 'headers'>): HttpRequest['headers'] =>
  Object.fromEntries(Object.entries(definedEntries(headers)).map(([name, value]) => [name.toLowerCase(), value]))

const definedEntries = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

/** Returns the query as an object. If a parameter occurs more than once, its value is an array. */
export const queryObject = (query: URLSearchParams): Record<string, unknown> =>
  Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const values = query.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )

/** Parameters whose value is a JSON string. A JSON body may contain the JSON value itself instead of the string. */
const JSON_TEXT_PARAMETERS = ['conditions', 'data_conditions']

/**
 * Returns the JSON object in a body, or an empty object if the body is empty. Throws `InvalidRequestError` if the body
 * is not a JSON object in UTF-8.
 */
export const jsonObject = (body: Buffer): Record<string, unknown> => {
  if (body.length === 0) return {}
  const value = parseJson(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidRequestError([{ field: 'body', message: 'must be a JSON object' }])
  return { ...value }
}

const parseJson = (body: Buffer): unknown => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    return withJsonTexts(text, JSON.parse(text))
  } catch (error) {
    throw new InvalidRequestError([{ field: 'body', message: `must be JSON text in UTF-8: ${errorMessage(error)}` }])
  }
}

/**
 * Converts the JSON values of `JSON_TEXT_PARAMETERS` to JSON strings. `text` is the whole body, and `value` is the
 * parsed body. Numbers are not changed: 1.0 remains 1.0, and large integers keep all digits.
 */
const withJsonTexts = (text: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  const names = JSON_TEXT_PARAMETERS.filter((name) => typeof Reflect.get(value, name) === 'object')
  if (names.length === 0) return value
  const exact: unknown = JSON.parse(text, exactNumbers)
  if (typeof exact !== 'object' || exact === null) return value
  return { ...value, ...Object.fromEntries(names.map((name) => [name, jsonText(Reflect.get(exact, name))])) }
}

/**
 * Combines the parameters of the query and of a JSON body. Throws `InvalidRequestError` if both contain a parameter.
 */
export const mergeParameters = (
  query: Readonly<Record<string, unknown>>,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> => {
  const inBoth = Object.keys(body).filter((name) => Object.hasOwn(query, name))
  if (inBoth.length > 0)
    throw new InvalidRequestError(
      inBoth.map((field) => ({ field, message: 'is given in the query and in the body; give it once' })),
    )
  return { ...query, ...body }
}

/** The largest length of an `Idempotency-Key`. Keys are usually UUIDs, which have 36 characters. */
const MAX_KEY_LENGTH = 255

/** Returns the header `Idempotency-Key`, or `undefined`. Throws `InvalidRequestError` if the header is not valid. */
export const idempotencyKey = ({ headers }: HttpRequest): string | undefined => {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (key.length === 0 || key.length > MAX_KEY_LENGTH || !/^[\x20-\x7e]+$/.test(key))
    throw new InvalidRequestError([
      { field: 'Idempotency-Key', message: `must be 1 to ${MAX_KEY_LENGTH} printable ASCII characters` },
    ])
  return key
}

/**
 * Returns the media type of the body in lower case, without parameters. Returns an empty string if the request has no
 * content type.
 */
export const mediaTypeOf = ({ headers }: Pick<HttpRequest, 'headers'>): string =>
  (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
