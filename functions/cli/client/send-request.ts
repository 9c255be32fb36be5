import { Sha256 } from '@smithy/core/checksum'
import { buildQueryString, HttpRequest } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import type { AwsCredentialIdentityProvider } from '@smithy/types'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { UsageError } from '../usage-error.ts'
import { NoResponseError, UnreachableError } from './errors.ts'
import { isLocal } from './private-url.ts'
import type { Settings } from './settings.ts'

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

export interface ApiRequest {
  readonly method: 'GET' | 'POST'
  /** The path, without a query. Its segments must be percent-encoded. */
  readonly path: string
  readonly query?: Query | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The body. It is sent as JSON, except bytes, which need the header `content-type`. */
  readonly body?: object | Uint8Array<ArrayBuffer> | undefined
  /** If this signal is aborted, the request fails with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** Sends a request and returns the response, whatever its status is. */
export type SendRequest = (request: ApiRequest) => Promise<Response>

/** The longest time for a response. API Gateway responds within 30 seconds. */
const TIMEOUT_MS = 60_000

/**
 * Returns a function that sends requests to the API, and signs them with SigV4 unless the API is local. Redirects are
 * not followed, because S3 rejects a presigned URL with a second signature.
 */
export const requestSender = (
  settings: Pick<Settings, 'endpoint' | 'region'>,
  credentials: AwsCredentialIdentityProvider,
): SendRequest => {
  const sign = isLocal(settings) ? (request: HttpRequest) => Promise.resolve(request) : signer(settings, credentials)
  const base = new URL(settings.endpoint)
  return async ({ method, path, query = {}, headers = {}, body, signal }) => {
    const content = body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body)
    const request = await sign(
      new HttpRequest({
        method,
        protocol: base.protocol,
        hostname: base.hostname,
        path: `${base.pathname.replace(/\/$/, '')}${path}`,
        query: queryBag(query),
        headers: {
          host: base.host,
          accept: 'application/json',
          ...(typeof content === 'string' ? { 'content-type': 'application/json' } : {}),
          ...headers,
        },
        ...(content === undefined ? {} : { body: content }),
      }),
    )
    const search = buildQueryString(request.query)
    const url = `${base.origin}${request.path}${search === '' ? '' : `?${search}`}`
    try {
      return await fetch(url, {
        method,
        // `fetch` sets the header `host` itself, to the signed value.
        headers: withoutHost(request.headers),
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
        ...(content === undefined ? {} : { body: content }),
      })
    } catch (error) {
      signal?.throwIfAborted()
      throw new NoResponseError(`${settings.endpoint} does not respond: ${reasonOf(error)}. ${ADVICE(settings)}`, {
        cause: error,
      })
    }
  }
}

const ADVICE = (settings: Pick<Settings, 'endpoint'>): string =>
  isLocal(settings)
    ? 'Start the local program (npm start), or set --endpoint to the URL of your API'
    : 'Check --endpoint: it must be the stack output ApiUrl'

const signer = (
  { region }: Pick<Settings, 'region'>,
  credentials: AwsCredentialIdentityProvider,
): ((request: HttpRequest) => Promise<HttpRequest>) => {
  if (region === undefined)
    throw new UsageError('--region: the region of the API is not known; set --region or AWS_REGION')
  const signature = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 })
  return async (request) => {
    try {
      return new HttpRequest(await signature.sign(request))
    } catch (error) {
      throw new UnreachableError(
        `The request cannot be signed: ${errorMessage(error)}. Set --profile, or sign in with the AWS command line`,
        { cause: error },
      )
    }
  }
}

const withoutHost = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'host'))

const queryBag = (query: Query): Record<string, string | string[]> => {
  const bag: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) bag[name] = typeof value === 'string' ? value : [...value]
  return bag
}

/** `fetch` hides the reason of a failure in the cause. A failure of all addresses of a host has no message. */
const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const message = errorMessage(cause)
  return message === '' && cause instanceof Error && 'code' in cause ? String(cause.code) : message
}
