import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { unexpectedError, S3Error } from './s3-error.ts'
import { buildErrorXml, buildXml } from './xml.ts'

export type ReplyHeaders = Readonly<Record<string, string | number>>

/** The response of an operation. */
export interface Reply {
  readonly status: number
  readonly headers: ReplyHeaders
  /** If the body is a stream, the header `content-length` contains its length. */
  readonly body?: string | Readable
}

export function emptyReply(status: 200 | 204 | 304, headers: ReplyHeaders = {}): Reply {
  return { status, headers: status === 200 ? { 'content-length': 0, ...headers } : headers }
}

export function xmlReply(root: string, content: Readonly<Record<string, unknown>>, headers: ReplyHeaders = {}): Reply {
  return textReply(200, buildXml(root, content), headers)
}

/** Returns the response for an error. An error that is not an `S3Error` becomes 500 `InternalError`. */
export function errorReply(error: unknown, requestId: string): Reply {
  const { status, code, message, detail, headers } = error instanceof S3Error ? error : unexpectedError(error)
  const xml = buildErrorXml({ Code: code, Message: message, ...detail, RequestId: requestId })
  return textReply(status, xml, headers)
}

/** Sends a response. For a HEAD request, sends only the headers. */
export async function sendReply(response: ServerResponse, method: string, reply: Reply): Promise<void> {
  const { status, headers, body } = reply
  try {
    response.writeHead(status, headers)
  } catch (error) {
    if (typeof body === 'object') body.destroy()
    throw error
  }
  if (method === 'HEAD' || body === undefined || typeof body === 'string') {
    response.end(method === 'HEAD' ? undefined : body)
  } else await pipeline(body, response)
}

function textReply(status: number, xml: string, headers: ReplyHeaders): Reply {
  const fixed = { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) }
  return { status, headers: { ...fixed, ...headers }, body: xml }
}
