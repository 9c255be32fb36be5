import type { IncomingMessage } from 'node:http'
import { checkLoopbackHost } from '../../../functions/http/loopback-request.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'

/**
 * Returns the reason for which a request is refused, because a web page may have sent it. Returns undefined for other
 * requests. The credentials of the service are public, so a valid signature does not prove that the user has sent it.
 *
 * One kind of request of browsers is accepted: the user follows a link to download an object, and the browser shows or
 * saves the object, so no page can read it. The page of the local program redirects to such links.
 */
export const webPageRefusal = ({ method, headers }: IncomingMessage): string | undefined => {
  const hostFault = hostFaultOf(headers)
  if (hostFault !== undefined) return hostFault
  if (headers.origin !== undefined) return refusalOf('Origin')
  if (headers['sec-fetch-site'] === undefined || isDownload(method, headers)) return undefined
  return refusalOf('Sec-Fetch-Site')
}

const refusalOf = (header: string): string =>
  `This service accepts no requests of web pages. Only browsers send the header ${header}.`

const hostFaultOf = (headers: IncomingMessage['headers']): string | undefined => {
  try {
    checkLoopbackHost(headers)
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}

const isDownload = (method: string | undefined, headers: IncomingMessage['headers']): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document'
