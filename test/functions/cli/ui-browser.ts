import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends a request with any headers, and follows no redirect. */
export const send = async (
  base: string,
  { method = 'GET', path = '/', headers = {}, body }: Sent,
): Promise<Received> => {
  const { hostname, port } = new URL(base)
  const sent = request({ hostname, port, method, path, headers, agent: false })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

/** What the browser knows after it has opened the address of the command. */
interface Opened {
  readonly cookie: string
  /** The secret path of the page. */
  readonly base: string
}

/** Opens the address of the command, as a browser does. */
export const open = async (url: string): Promise<Opened> => {
  const { pathname, search } = new URL(url)
  const { headers } = await send(url, { path: pathname + search, headers: { 'sec-fetch-site': 'none' } })
  return {
    cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '',
    base: headers.location?.replace(/\/_backup$/, '') ?? '',
  }
}
