import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { ForeignRequestError } from './errors.ts'

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]']
const LOOPBACK_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/

/** The values that browsers send if the user or a page of the same origin has caused the request. */
const OWN_SITES = ['same-origin', 'none']

/**
 * Checks a request to a program that listens on a port of 127.0.0.1. Any web page that the user visits can send such
 * requests through the browser. Throws `ForeignRequestError` in these cases:
 *
 * - `Host` is not a name of this computer, see `checkLoopbackHost`.
 * - `Origin` is another origin. Browsers send it with every request that is not GET or HEAD, including forms.
 * - `Sec-Fetch-Site` says that another site has caused the request. Browsers send it with every request, so it also
 *   covers GET requests of images and links, which have no `Origin`.
 * - A browser sends a GET request that starts a job, unless `Sec-Fetch-Site` is `same-origin`. A link in a mail has the
 *   value `none`, and browsers before 2023 do not send the header with an image.
 *
 * Programs such as curl send neither `Origin` nor `Sec-Fetch-Site`.
 */
export const checkLoopbackRequest = (request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): void => {
  const { headers } = request
  const own = `http://${checkLoopbackHost(headers)}`
  const { origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined && origin !== own) throw new ForeignRequestError('Origin', origin, allowed([own]))
  if (site !== undefined && !OWN_SITES.includes(site))
    throw new ForeignRequestError('Sec-Fetch-Site', site, allowed(OWN_SITES))
  if (startsJob(request) && isOfBrowser(headers) && site !== 'same-origin')
    throw new ForeignRequestError('Sec-Fetch-Site', site ?? '', BROWSER_ADVICE)
}

/**
 * Returns the header `Host` in lower case. Throws `ForeignRequestError` unless it is a name of this computer. Another
 * name may be a domain of an attacker that resolves to 127.0.0.1 (DNS rebinding). Accepts every port, because a proxy
 * or a forwarded port of SSH has another one, and a page cannot choose the `Host` of its requests.
 */
export const checkLoopbackHost = ({ host = '' }: IncomingHttpHeaders): string => {
  const own = host.toLowerCase()
  if (!LOOPBACK_HOST.test(own)) throw new ForeignRequestError('Host', host, `${allowed(LOOPBACK_NAMES)}, with any port`)
  return own
}

const allowed = (values: readonly string[]): string => `Allowed values: ${values.join(', ')}`

const BROWSER_ADVICE =
  'A link or an image of any page can send a GET request, so browsers cannot start a job with GET. ' +
  'Start it on the page (/_backup), with POST, or with another program such as curl'

/** The last segment of all routes that start a job with GET. A test compares this with the table of routes. */
const STARTING_SEGMENT = 'export'

/** Returns true if the method is not POST and the path is that of a route that starts a job. */
export const startsJob = ({ method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>): boolean => {
  const path = url.replace(/[?#].*$/s, '').replace(/\/+$/, '')
  return method !== 'POST' && decoded(path.slice(path.lastIndexOf('/') + 1)) === STARTING_SEGMENT
}

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Returns true if a browser has sent the request. A page can omit `Referer`, but not change `User-Agent`. */
const isOfBrowser = (headers: IncomingHttpHeaders): boolean =>
  headers['sec-fetch-site'] !== undefined ||
  headers.referer !== undefined ||
  headers['user-agent']?.startsWith('Mozilla/') === true
