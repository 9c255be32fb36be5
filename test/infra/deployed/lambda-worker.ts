import { channel } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import process from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'
import { localContext } from '../../../infra/local/program/local-context.ts'
import type { Call, Invocation, Outcome } from './messages.ts'

/**
 * Runs one bundle like Lambda does, in a thread with its own environment. It reports every HTTP request of the bundle.
 */
const { bundle, name } = workerData as { readonly bundle: string; readonly name: string }
const port = parentPort
if (port === null) throw new Error('lambda-worker.ts must run in a worker thread')

const report = (message: Outcome): void => {
  port.postMessage(message)
}

/** The body of a request is complete when the request has been sent. */
channel('http.client.request.created').subscribe((message) => {
  const { request } = message as { readonly request: ClientRequest }
  const chunks: Buffer[] = []
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  const write = request.write.bind(request)
  const end = request.end.bind(request)
  request.write = ((...given: Parameters<typeof write>) => {
    keep(given[0])
    return write(...given)
  }) as typeof request.write
  request.end = ((...given: Parameters<typeof end>) => {
    keep(given[0])
    const call: Omit<Call, 'status'> = {
      host: request.host,
      method: request.method,
      path: request.path,
      headers: Object.fromEntries(Object.entries(request.getHeaders()).map(([key, value]) => [key, String(value)])),
      // Bodies of objects are megabytes and do not matter for permissions.
      body: request.path.includes('?delete') || !isObject(request) ? Buffer.concat(chunks).toString() : '',
    }
    request.once('response', ({ statusCode = 0 }) => {
      report({ kind: 'call', call: { ...call, status: statusCode } })
    })
    return end(...given)
  }) as typeof request.end
})

const isObject = (request: ClientRequest): boolean =>
  request.getHeader('x-amz-target') === undefined && request.path !== '/'

const began = performance.now()
const { handler } = (await import(bundle)) as {
  readonly handler: (event: unknown, context: object) => Promise<unknown>
}
report({ kind: 'loaded', ms: performance.now() - began })

const invoke = async ({ id, event, timeoutMs }: Invocation): Promise<void> => {
  try {
    const result = await handler(event, localContext(name, String(id), timeoutMs))
    report({ kind: 'result', id, json: JSON.stringify(result ?? null) })
  } catch (error) {
    const { name: errorName, message } = error instanceof Error ? error : new Error(String(error))
    report({ kind: 'error', id, name: errorName, message })
  }
}
port.on('message', (message: Invocation) => {
  void invoke(message)
})
process.on('unhandledRejection', (error) => {
  report({ kind: 'died', message: String(error) })
})
