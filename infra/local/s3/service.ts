import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import type { Call } from './call.ts'
import { errorReply, type Reply, sendReply } from './http/reply.ts'
import { readRequest } from './http/request.ts'
import { S3Error } from './http/s3-error.ts'
import { LimitsEndpoint } from '../limits/limits-endpoint.ts'
import { S3Limits } from '../limits/service-limits.ts'
import { findOperation } from './operations.ts'
import { checkBucketOwner } from './rules/bucket-owner.ts'
import { S3Limiter } from './s3-limiter.ts'
import { SignatureVerifier } from './signing/signature-verifier.ts'
import type { Credentials } from './signing/signer.ts'
import type { Storage } from './storage/storage.ts'
import { webPageRefusal } from './web-page.ts'

interface ServiceOptions {
  readonly storage: Storage
  readonly credentials: Credentials
  readonly limits?: S3Limits | undefined
  readonly onCreated: Call['onCreated']
}

/**
 * Returns the listener that handles requests. For each request, the listener rejects web pages, verifies the signature,
 * runs the operation and sends the response.
 */
export function createService({ storage, credentials, limits, onCreated }: ServiceOptions): RequestListener {
  const verifier = new SignatureVerifier(credentials)
  const endpoint = new LimitsEndpoint(S3Limits, limits, (given) => new S3Limiter(given))

  const answer = async (incoming: IncomingMessage): Promise<Reply> => {
    const refusal = webPageRefusal(incoming)
    if (refusal !== undefined) throw new S3Error('AccessDenied', refusal)
    const request = readRequest(incoming)
    const signer = await verifier.verify(request)
    const { run, createsBucket } = findOperation(request)
    if (request.bucket !== '' && createsBucket !== true) storage.buckets.get(request.bucket)
    if (endpoint.limiter !== undefined) await endpoint.limiter.admit(request)
    checkBucketOwner(request)
    return run({ request, signer, storage, onCreated })
  }

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID()
    response.setHeader('x-amz-request-id', requestId)
    let reply: Reply
    try {
      reply = await answer(incoming)
    } catch (error) {
      reportError(error)
      // Otherwise, a client that is still sending would receive a connection error instead of the response.
      await discardBody(incoming)
      reply = errorReply(error, requestId)
    }
    await sendReply(response, incoming.method ?? 'GET', reply)
  }

  return (incoming, response) => {
    if (webPageRefusal(incoming) === undefined && endpoint.handle(incoming, response)) return
    handle(incoming, response).catch((error: unknown) => {
      reportError(error)
      response.destroy()
    })
  }
}

const CLIENT_GONE = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']

/** Logs an error of the service. Ignores `S3Error`, which the client receives, and errors of closed connections. */
export function reportError(error: unknown): void {
  if (error instanceof S3Error) return
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!CLIENT_GONE.includes(code)) console.error('local S3 service:', error)
}

async function discardBody(incoming: IncomingMessage): Promise<void> {
  if (incoming.complete || incoming.destroyed) return
  await finished(incoming.resume()).catch(() => undefined)
}
