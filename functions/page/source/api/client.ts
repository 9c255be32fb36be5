import * as z from 'zod/mini'
import { RequestKeys } from '../model/request-keys.ts'
import { Problem } from './schemas.ts'

/** The page is served as `/_backup`, possibly behind the prefix of a stage. The other routes have the same prefix. */
const PREFIX = location.pathname.replace(/\/_backup\/?$/, '')

export const urlOf = (path: string): string => `${PREFIX}${path}`

/** A response with an error status or a redirect. Without a problem document, `problem` describes the status. */
class RequestFailedError extends Error {
  override readonly name = 'RequestFailedError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** The route does not exist in this deployment. */
export const isMissingRoute = (error: unknown): boolean =>
  error instanceof RequestFailedError && error.problem.type === 'not-found'

export interface RequestOptions {
  readonly method?: 'GET' | 'POST'
  /** Is sent as JSON, unless it is a file. */
  readonly body?: object | File
  /** By default, a POST request has its own key, see `RequestKeys`. */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

const keys = new RequestKeys(() => `page-${crypto.randomUUID()}`)

/** Sends a request and parses the answer. Throws `RequestFailedError` if the answer is a problem document. */
export const send = async <Schema extends z.ZodMiniType>(
  path: string,
  schema: Schema,
  { method = 'GET', body, idempotencyKey, signal }: RequestOptions = {},
): Promise<z.output<Schema>> => {
  const identity = identityOf(path, body)
  const key = idempotencyKey ?? (method === 'POST' ? keys.keyFor(identity, Date.now()) : undefined)
  const isFile = body instanceof File
  const response = await fetch(urlOf(path), {
    method,
    redirect: 'manual',
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  keys.answered(identity, response.status)
  if (response.type === 'opaqueredirect') throw new RequestFailedError(REDIRECT)
  const content = await contentOf(response)
  if (!response.ok) {
    const problem = Problem.safeParse(content)
    throw new RequestFailedError(problem.success ? problem.data : unknownProblem(response, content))
  }
  return schema.parse(content)
}

/** Identifies a request by its path and its body. */
const identityOf = (path: string, body: object | File | undefined): string =>
  body instanceof File
    ? JSON.stringify([path, body.name, body.size, body.lastModified])
    : JSON.stringify([path, body ?? null])

const REDIRECT: Problem = {
  type: 'redirect',
  title: 'The answer is a file',
  status: 303,
  detail: 'The answer is too large for this page.',
}

const contentOf = async (response: Response): Promise<unknown> => {
  const text = await response.text()
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

const Message = z.object({ message: z.string() })

/** API Gateway itself answers with `{ message }`. */
const unknownProblem = ({ status, statusText }: Response, content: unknown): Problem => {
  const message = Message.safeParse(content)
  const detail = message.success ? message.data.message : `The server answered with status ${status} ${statusText}.`
  return { type: 'unknown', title: `The request failed with status ${status}`, status, detail }
}

/** Returns a problem that the page can show. A request without any answer also results in a problem. */
export const problemOf = (error: unknown): Problem => {
  if (error instanceof RequestFailedError) return error.problem
  const detail = error instanceof TypeError ? 'The program does not answer. Is it running?' : String(error)
  return { type: 'unknown', title: 'The request failed', status: 0, detail }
}
