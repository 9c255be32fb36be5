import { randomBytes, timingSafeEqual } from 'node:crypto'

const SECRET_BYTES = 32

/**
 * The right to use the page. The token is part of the address that the command prints. It can be exchanged once for a
 * cookie. Scripts cannot read the cookie, and browsers do not send it with requests of other sites.
 */
export class Session {
  readonly token = secret()
  readonly #cookie = secret()
  readonly #name: string
  #isExchanged = false

  /** Browsers send the cookies of a host to all its ports, so the name contains the port. */
  constructor(port: number) {
    this.#name = `specstar-backup-${port}`
  }

  /** Returns the header `set-cookie`. Returns undefined if the token is wrong or was exchanged before. */
  exchange(token: string): string | undefined {
    if (this.#isExchanged || !isEqual(token, this.token)) return undefined
    this.#isExchanged = true
    return `${this.#name}=${this.#cookie}; HttpOnly; SameSite=Strict; Path=/`
  }

  /** Returns true if the header `cookie` contains the cookie of this session. */
  has(header: string | undefined): boolean {
    return (header ?? '').split(';').some((pair) => {
      const [name = '', value = ''] = pair.trim().split('=', 2)
      return name === this.#name && isEqual(value, this.#cookie)
    })
  }
}

const secret = (): string => randomBytes(SECRET_BYTES).toString('base64url')

/** Compares secrets in constant time. */
const isEqual = (given: string, expected: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
