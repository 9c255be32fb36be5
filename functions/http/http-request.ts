import type { APIGatewayEventRequestContextV2, APIGatewayProxyEventV2WithRequestContext } from 'aws-lambda'
import { jsonText } from '../../shared/resources/indexed.ts'
import { exactNumbers } from '../../shared/resources/payload.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { errorMessage } from '../../shared/values/error-message.ts'

/** An API Gateway HTTP API event, payload version 2, with IAM authorisation. */
export type HttpEvent = APIGatewayProxyEventV2WithRequestContext<
  APIGatewayEventRequestContextV2 & { readonly authorizer?: { readonly iam?: { readonly userArn?: string } } }
>

/** A request as the routes read it. */
export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Who calls: the IAM identity; `local` in the local program. */
  readonly caller: string
  readonly requestId: string
}

/**
 * The archive that a request carries. Lambda takes 6 MB, of which base64 leaves 4.5: 4 MiB fit with the headers of a form
 * around them.
 */
export const MAX_ARCHIVE_BYTES = 4 * 1024 * 1024

/** Decodes the event. The query is read raw: API Gateway joins repeated parameters with commas. */
export const httpRequest = (event: HttpEvent): HttpRequest => ({
  method: event.requestContext.http.method,
  path: event.rawPath,
  params: definedEntries(event.pathParameters ?? {}),
  query: new URLSearchParams(event.rawQueryString),
  headers: Object.fromEntries(
    Object.entries(definedEntries(event.headers)).map(([name, value]) => [name.toLowerCase(), value]),
  ),
  body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  caller: event.requestContext.authorizer?.iam?.userArn ?? 'unknown',
  requestId: event.requestContext.requestId,
})

const definedEntries = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

/** The query as an object: a parameter given once is a text, one given more often a list. */
export const queryObject = (query: URLSearchParams): Record<string, unknown> =>
  Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const values = query.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )

/** Parameters that are kept as JSON text: in a body they may stand as the JSON itself. */
const JSON_TEXTS = ['conditions', 'data_conditions']

/** The JSON object in a body; an empty body is an empty object. */
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
    throw new InvalidRequestError([{ field: 'body', message: `must be JSON in UTF-8: ${errorMessage(error)}` }])
  }
}

/** Numbers of conditions stay what they are: 1.0 is not 1, and integers may be large. */
const withJsonTexts = (text: string, value: unknown): unknown => {
  const isJson = (name: string): boolean =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'object'
  const names = JSON_TEXTS.filter(isJson)
  if (names.length === 0 || typeof value !== 'object' || value === null) return value
  const exact: unknown = JSON.parse(text, exactNumbers)
  const texts = names.map((name) => [
    name,
    typeof exact === 'object' && exact !== null ? jsonText(Reflect.get(exact, name)) : '',
  ])
  return { ...value, ...Object.fromEntries(texts) }
}

/** Parameters of the query and of a JSON body together. One that stands in both is refused: which one counts? */
export const mergeParameters = (
  query: Readonly<Record<string, unknown>>,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> => {
  const twice = Object.keys(body).filter((name) => Object.hasOwn(query, name))
  if (twice.length > 0)
    throw new InvalidRequestError(
      twice.map((field) => ({ field, message: 'stands in the query and in the body; give it once' })),
    )
  return { ...query, ...body }
}

const KEY_LENGTH = 255

/** The `Idempotency-Key` of a request that has one. */
export const idempotencyKey = ({ headers }: HttpRequest): string | undefined => {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (key.length === 0 || key.length > KEY_LENGTH || !/^[\x20-\x7e]+$/.test(key))
    throw new InvalidRequestError([
      { field: 'Idempotency-Key', message: `must be 1 to ${KEY_LENGTH} printable ASCII characters` },
    ])
  return key
}
