import type { IncomingHttpHeaders } from 'node:http'
import { ForeignRequestError } from './errors.ts'

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]']

/** The values that browsers send if the user or a page of the same origin has caused the request. */
const OWN_SITES = ['same-origin', 'none']

/**
 * Checks a request to a program that listens on a port of 127.0.0.1. Any web page that the user visits can send such
 * requests through the browser. Throws `ForeignRequestError` in these cases:
 *
 * - `Host` is not a name of this computer with this port. Another name may be a domain of the attacker that resolves to
 *   127.0.0.1 (DNS rebinding).
 * - `Origin` is another origin. Browsers send it with every request that is not GET or HEAD, including forms.
 * - `Sec-Fetch-Site` says that another site has caused the request. Browsers send it with every request, so it also
 *   covers GET requests of images and links, which have no `Origin`.
 *
 * Programs such as curl send neither `Origin` nor `Sec-Fetch-Site`.
 */
export const checkLoopbackRequest = (headers: IncomingHttpHeaders, port: number): void => {
  const hosts = LOOPBACK_NAMES.map((name) => `${name}:${port}`)
  const { host = '', origin } = headers
  const own = hosts.find((allowed) => allowed === host.toLowerCase())
  if (own === undefined) throw new ForeignRequestError('Host', host, hosts)
  if (origin !== undefined && origin !== `http://${own}`)
    throw new ForeignRequestError('Origin', origin, [`http://${own}`])
  const site = headers['sec-fetch-site'] ?? 'none'
  if (!OWN_SITES.includes(site)) throw new ForeignRequestError('Sec-Fetch-Site', site, OWN_SITES)
}
