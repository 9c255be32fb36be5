import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import type { EmulatorAddress } from '../emulator/emulator.ts'

export interface HttpsRequest {
  readonly method: string
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export interface HttpsAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/**
 * Sends a request to the emulator over TLS. The host names of APIs, such as `x.execute-api.localhost`, need no DNS:
 * every request goes to the port of the emulator.
 */
export const sendHttps = (
  { port, certificate }: EmulatorAddress,
  { method, url, headers = {}, body }: HttpsRequest,
): Promise<HttpsAnswer> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        ca: readFileSync(certificate),
        method,
        path: `${url.pathname}${url.search}`,
        headers: { ...headers, host: url.host, ...(body === undefined ? {} : { 'content-length': body.length }) },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
