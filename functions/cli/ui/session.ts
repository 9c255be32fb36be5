import { randomBytes, timingSafeEqual } from 'node:crypto'

const SECRET_BYTES = 32
const COOKIE = 'specstar-backup'

/**
 * The right to use the page. The token is part of the address that the command prints. It can be exchanged once for a
 * cookie. Scripts cannot read the cookie, and browsers do not send it with requests of other sites.
 *
 * Browsers send the cookies of a host to all its ports. The cookie is limited to a secret path, which no other program
 * that listens on 127.0.0.1 knows, so browsers do not send the cookie to such programs.
 */
export class Session {
  readonly token = secret()
  /** The page and all its requests are below this path. */
  readonly path = `/${secret()}`
  readonly #cookie = secret()
  #isExchanged = false

  /** Returns the header `set-cookie`. Returns undefined if the token is wrong or was exchanged before. */
  exchange(token: string): string | undefined {
    if (this.#isExchanged || !isEqual(token, this.token)) return undefined
    this.#isExchanged = true
    return `${COOKIE}=${this.#cookie}; HttpOnly; SameSite=Strict; Path=${this.path}/`
  }

  /** Returns true if the header `cookie` contains the cookie of this session. */
  has(header: string | undefined): boolean {
    return (header ?? '').split(';').some((pair) => {
      const [name = '', value = ''] = pair.trim().split('=', 2)
      return name === COOKIE && isEqual(value, this.#cookie)
    })
  }
}

const secret = (): string => randomBytes(SECRET_BYTES).toString('base64url')

/** Compares secrets in constant time. */
const isEqual = (given: string, expected: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
