import { Readable } from 'node:stream'
import { bytesOf } from '../../../../shared/values/bytes-of.ts'
import { errorMessage } from '../../../../shared/values/error-message.ts'
import { must } from '../../../../shared/values/must.ts'
import { isOnThisMachine, isPrivate } from '../../client/private-url.ts'
import { ArchiveUnavailableError, NoSuchFileError } from '../errors.ts'
import { nameOfAddress } from './address.ts'
import type { OpenSource } from './source.ts'
import { repeated, resumedStream } from './resumed-stream.ts'

/** The number of bytes of the first request. It contains the first tar header, from which the format is recognized. */
const HEAD_BYTES = 512

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** As many as the longest chains in practice: a page, a release and its storage. A loop ends soon. */
const MAX_REDIRECTS = 5

/** A failed request that may succeed if it is repeated. */
class TemporaryError extends Error {}

const isFinal = (error: unknown): boolean => error instanceof ArchiveUnavailableError

/**
 * Opens a URL whose server supports range requests, for example a presigned URL of S3. Such a URL is signed for GET
 * only, so the size comes from the response to a range request. All reads require the same ETag. `renew` returns
 * another URL of the same file. It is called if the server returns 403 or 400, because a presigned URL expires: S3
 * returns 400 if its credentials have expired before the URL.
 */
export const openUrlSource = async (url: URL, renew?: () => Promise<URL>): Promise<OpenSource> => {
  const remote = new RemoteFile(url, renew)
  const { head, size } = await remote.open()
  return {
    size,
    read: (start, length) => {
      if (start + length <= head.length) return Promise.resolve(head.subarray(start, start + length))
      return bytesOf(remote.stream(start, length), length)
    },
    stream: (start, length) => Promise.resolve(remote.stream(start, length)),
    close: () => Promise.resolve(),
  }
}

class RemoteFile {
  #url: URL
  readonly #renew: (() => Promise<URL>) | undefined
  readonly #name: string
  #etag: string | undefined
  /** The size of the file, from the first response. */
  #size: number | undefined

  constructor(url: URL, renew?: () => Promise<URL>) {
    this.#url = url
    this.#renew = renew
    this.#name = nameOfAddress({ kind: 'url', url })
  }

  /** Returns the size of the file and its first bytes. */
  open(): Promise<{ readonly head: Buffer; readonly size: number }> {
    return repeated(() => this.#open(), isFinal)
  }

  async #open(): Promise<{ readonly head: Buffer; readonly size: number }> {
    const response = await this.#request(0, HEAD_BYTES)
    if (response.status === 416) {
      await response.body?.cancel()
      return { head: Buffer.alloc(0), size: 0 }
    }
    await this.#check(response, 0, HEAD_BYTES)
    const etag = response.headers.get('etag')
    // A weak ETag must not be used in `If-Match`.
    if (etag !== null && !etag.startsWith('W/')) this.#etag = etag
    return { head: Buffer.from(await response.arrayBuffer()), size: must(this.#size) }
  }

  stream(start: number, length: number): Readable {
    if (length === 0) return Readable.from([])
    return resumedStream(start, length, async (from, bytes) => bodyOf(await this.#fetch(from, bytes)), isFinal)
  }

  /** Requests a range. Returns the response with its bytes. */
  async #fetch(start: number, length: number): Promise<Response> {
    const response = await this.#request(start, length)
    await this.#check(response, start, length)
    return response
  }

  /** Requests a range. Returns the response, whatever its status is. */
  #request(start: number, length: number): Promise<Response> {
    const headers = {
      range: `bytes=${start}-${start + length - 1}`,
      // Without this header, the server may compress the response, and the range would be one of the compressed bytes.
      'accept-encoding': 'identity',
      ...(this.#etag === undefined ? {} : { 'if-match': this.#etag }),
    }
    return this.#send(headers)
  }

  /** Throws, and ends the response, if it does not contain the requested range. */
  async #check(response: Response, start: number, length: number): Promise<void> {
    const { status } = response
    if (status === 206 && this.#isRequested(response.headers.get('content-range'), start, length)) return
    await response.body?.cancel()
    if (status === 206)
      throw new ArchiveUnavailableError(
        `${this.#name}: the server returns other bytes than those that were requested, or does not state which`,
      )
    if ((status === 403 || status === 400) && this.#renew !== undefined) {
      this.#url = await this.#renew()
      throw new TemporaryError(`${this.#name}: ${explainStatus(status)}`)
    }
    if (status >= 500 || status === 429) throw new TemporaryError(`${this.#name}: the server returned ${status}`)
    const message = `${this.#name}: ${explainStatus(status)}`
    throw status === 404 ? new NoSuchFileError(message) : new ArchiveUnavailableError(message)
  }

  /** Returns true for the requested range, or for one that ends before it. Remembers the size of the file. */
  #isRequested(contentRange: string | null, start: number, length: number): boolean {
    const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? []
    if (Number(first) !== start || Number(last) > start + length - 1) return false
    this.#size ??= Number(size)
    return Number(size) === this.#size
  }

  /** Follows redirects, but not to a URL whose data is not encrypted, and not from another machine to this one. */
  async #send(headers: Readonly<Record<string, string>>): Promise<Response> {
    let url = this.#url
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await this.#sendTo(url, headers)
      const location = response.headers.get('location')
      if (!REDIRECTS.has(response.status) || location === null) return response
      await response.body?.cancel()
      if (!URL.canParse(location, url.href))
        throw new ArchiveUnavailableError(`${this.#name}: the server redirects to an address that is not a URL`)
      url = new URL(location, url)
      if (isOnThisMachine(url) && !isOnThisMachine(this.#url))
        throw new ArchiveUnavailableError(
          `${this.#name}: the server redirects to ${nameOfAddress({ kind: 'url', url })}, which is on this machine; ` +
            'if the archive is there, use that URL',
        )
      if (!isPrivate(url))
        throw new ArchiveUnavailableError(
          `${this.#name}: the server redirects to ${nameOfAddress({ kind: 'url', url })}; ` +
            'an archive must not be read without encryption',
        )
    }
    throw new ArchiveUnavailableError(`${this.#name}: the server redirects more than ${MAX_REDIRECTS} times`)
  }

  async #sendTo(url: URL, headers: Readonly<Record<string, string>>): Promise<Response> {
    try {
      return await fetch(url, { headers, redirect: 'manual' })
    } catch (error) {
      // Without a cause, `fetch` has rejected the request itself, and its message may contain the URL.
      if (!(error instanceof Error) || error.cause === undefined)
        throw new ArchiveUnavailableError(`${this.#name} cannot be requested`, { cause: error })
      const { cause } = error
      throw new TemporaryError(`${this.#name} cannot be reached: ${errorMessage(cause)}`, { cause: error })
    }
  }
}

const explainStatus = (status: number): string => {
  switch (status) {
    case 200:
      return 'the server ignores range requests; download the file and use its path'
    case 403:
      return 'the server returned 403; a presigned URL may have expired, so request a new one'
    case 404:
      return 'the server returned 404; there is no such file'
    case 416:
      return 'the file became shorter while it was being read; start the command again'
    case 412:
      return 'the file was replaced while it was being read; start the command again'
    default:
      return `the server returned ${status}`
  }
}

const bodyOf = ({ body }: Response): Readable => (body === null ? Readable.from([]) : Readable.fromWeb(body))
