import type { IncomingMessage } from 'node:http'
import { checkLoopbackHost } from '../../../functions/http/loopback-request.ts'

/**
 * Returns true if a web page may have sent the request. The credentials of the service are public, so a valid signature
 * does not prove that the user has sent it.
 *
 * One kind of request of browsers is accepted: the user follows a link to download an object, and the browser shows or
 * saves the object, so no page can read it. The page of the local program redirects to such links.
 */
export const isFromWebPage = ({ method, headers }: IncomingMessage): boolean =>
  !isLoopback(headers) ||
  headers.origin !== undefined ||
  (headers['sec-fetch-site'] !== undefined && !isDownload(method, headers))

const isLoopback = (headers: IncomingMessage['headers']): boolean => {
  try {
    checkLoopbackHost(headers)
    return true
  } catch {
    return false
  }
}

const isDownload = (method: string | undefined, headers: IncomingMessage['headers']): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document'
