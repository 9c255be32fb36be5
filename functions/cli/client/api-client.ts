import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { Problem } from '../../../shared/problems/problem.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { NoResponseError, ProblemError, UnreachableError } from './errors.ts'
import type { ApiRequest, SendRequest } from './send-request.ts'

/** The number of attempts of a request, if the API is throttled or does not respond. */
const ATTEMPTS = 4
const FIRST_WAIT_MS = 500
/** Statuses after which a request may succeed when it is repeated. `429` may also mean that too many jobs run. */
const TEMPORARY_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** API Gateway responds with a message instead of a problem. */
const GatewayMessage = z.object({ message: z.string() })

/**
 * A client of the API. It repeats requests that were throttled or got no response. Therefore, a request that starts a
 * job must have an `Idempotency-Key`.
 */
export class ApiClient {
  readonly #send: SendRequest

  constructor(send: SendRequest) {
    this.#send = send
  }

  /** Returns the body of a successful response. Throws `ProblemError` or `UnreachableError`. */
  async request<Schema extends z.ZodType>(schema: Schema, request: ApiRequest): Promise<z.output<Schema>> {
    const response = await this.response(request)
    const { data, error } = schema.safeParse(parseJson(await bodyOf(response, request)))
    if (error === undefined) return data
    const [issue] = error.issues
    throw new UnreachableError(
      `the response to ${request.method} ${request.path} is not one of this API ` +
        `(${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}). Check --endpoint, and update this command`,
    )
  }

  /** Returns a successful response or a redirect. Throws `ProblemError` or `UnreachableError`. */
  async response(request: ApiRequest): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === ATTEMPTS
      try {
        const response = await this.#send(request)
        if (response.status < 400) return response
        if (isLast || !TEMPORARY_STATUSES.has(response.status)) throw await failureOf(response, request)
        await response.body?.cancel()
      } catch (error) {
        // A refused connection or a missing credential does not change within a second.
        if (!(error instanceof UnreachableError) || isLast || !isTransient(error)) throw error
      }
      await sleep(FIRST_WAIT_MS * 2 ** (attempt - 1), undefined, { signal: request.signal })
    }
  }
}

const isTransient = ({ cause }: UnreachableError): boolean => {
  const inner = cause instanceof Error ? cause.cause : undefined
  const code = inner instanceof Error && 'code' in inner ? inner.code : undefined
  return code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || (cause instanceof Error && cause.name === 'TimeoutError')
}

const failureOf = async (response: Response, { method, path, signal }: ApiRequest): Promise<Error> => {
  const text = await bodyOf(response, { method, path, signal })
  const body = parseJson(text)
  const { data: problem } = Problem.safeParse(body)
  if (problem !== undefined) return new ProblemError(problem)
  const { data: gateway } = GatewayMessage.safeParse(body)
  const message = gateway?.message ?? (text === '' ? 'without a body' : text.slice(0, 300))
  const advice = response.status === 403 ? '. Check the credentials, the region and execute-api:Invoke' : ''
  const explained = `${method} ${path} was answered with ${response.status}: ${message}${advice}`
  return response.status === 429 || response.status >= 500
    ? new NoResponseError(explained)
    : new UnreachableError(explained)
}

/** Reads the body of a response. A connection can break in the middle of it. */
const bodyOf = async (
  response: Response,
  { method, path, signal }: Pick<ApiRequest, 'method' | 'path' | 'signal'>,
): Promise<string> => {
  try {
    return await response.text()
  } catch (error) {
    signal?.throwIfAborted()
    throw new NoResponseError(`the response to ${method} ${path} is incomplete: ${errorMessage(error)}`, {
      cause: error,
    })
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
