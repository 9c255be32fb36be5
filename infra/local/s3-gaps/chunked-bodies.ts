import { createHash } from 'node:crypto'
import { fault } from '../s3-fault.ts'
import { chunkSignature, type Signer } from './signatures.ts'

/*
 * aws-chunked bodies: `size;chunk-signature=…\r\n bytes \r\n`, a chunk of size 0 at the end, then trailers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 * s3rver knows the signed form only, does not check its signatures, and knows no trailers.
 */

// A chunk's header and a trailer are lines of about a hundred bytes.
const LONGEST_LINE = 8192

/**
 * The bytes that an aws-chunked body carries; its trailers, in lower case, are in `trailers` once it has ended.
 * Throws 400 `IncompleteBody` where it ends early, and 403 where a chunk's signature is wrong. `signer` is undefined for bodies with
 * unsigned chunks.
 */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
  signer: Signer | undefined,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source)
  let previous = signer?.signature ?? ''
  for (;;) {
    const header = await reader.line()
    const match = /^([0-9a-fA-F]+)(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(header)
    if (match === null) throw incomplete()
    const size = parseInt(match[1] ?? '', 16)
    const hash = signer && createHash('sha256')
    for await (const piece of reader.bytes(size)) {
      hash?.update(piece)
      yield piece
    }
    if (signer !== undefined && hash !== undefined) {
      const expected = chunkSignature(signer, 'PAYLOAD', previous, hash.digest('hex'))
      if (match[2] !== expected) throw mismatch()
      previous = expected
    }
    if (size === 0) break
    if ((await reader.line()) !== '') throw incomplete()
  }

  let canonical = ''
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).trim().toLowerCase()
    const value = line.slice(at + 1).trim()
    trailers.set(name, value)
    if (name !== 'x-amz-trailer-signature') canonical += `${name}:${value}\n`
  }
  if (signer !== undefined && canonical !== '') {
    const hash = createHash('sha256').update(canonical).digest('hex')
    if (trailers.get('x-amz-trailer-signature') !== chunkSignature(signer, 'TRAILER', previous, hash)) throw mismatch()
  }
}

/** ResourceFilter lines and counted bytes off a stream. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** up to the next CRLF, without it */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#rest.indexOf('\r\n')
      if (at >= 0) {
        const line = this.#rest.toString('latin1', 0, at)
        this.#rest = this.#rest.subarray(at + 2)
        return line
      }
      if (this.#rest.length > LONGEST_LINE) throw incomplete()
      this.#rest = Buffer.concat([this.#rest, await this.#more()])
    }
  }

  async *bytes(count: number): AsyncGenerator<Buffer> {
    let missing = count
    while (missing > 0) {
      if (this.#rest.length === 0) {
        this.#rest = await this.#more()
      }
      const piece = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(piece.length)
      missing -= piece.length
      yield piece
    }
  }

  async #more(): Promise<Buffer> {
    const next: IteratorResult<Buffer, unknown> = await this.#source.next()
    if (next.done === true) throw incomplete()
    return next.value
  }
}

function incomplete(): Error {
  return fault('IncompleteBody', 'The request body terminated unexpectedly')
}

function mismatch(): Error {
  return fault('SignatureDoesNotMatch', 'The signature of a chunk of the body does not match.')
}
