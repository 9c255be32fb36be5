import { createHash } from 'node:crypto'
import { S3Error } from '../http/s3-error.ts'
import type { ChunkSigner } from '../signing/chunk-signer.ts'

/*
 * An aws-chunked body consists of chunks, a chunk of size 0, and trailers (headers after the body). A chunk is
 * `size;chunk-signature=…\r\n bytes \r\n`, where `size` is hexadecimal.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

/** The maximum length of a line in bytes. The headers of chunks and the trailers have about a hundred bytes. */
const LONGEST_LINE = 8192

/**
 * Decodes an aws-chunked body. At its end, adds its trailers to `trailers`, with names in lower case.
 * `signer` is undefined if the chunks are not signed.
 * Throws 400 `IncompleteBody` if the body ends early, and 403 if the signature of a chunk or of the trailers is wrong.
 */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
  signer: ChunkSigner | undefined,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source)
  let previous = signer?.seed ?? ''
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
      const expected = await signer.sign('PAYLOAD', previous, hash.digest('hex'))
      if (match[2] !== expected) throw mismatch()
      previous = expected
    }
    if (size === 0) break
    if ((await reader.line()) !== '') throw incomplete()
  }
  await readTrailers(reader, trailers, previous, signer)
}

async function readTrailers(
  reader: ByteReader,
  trailers: Map<string, string>,
  previous: string,
  signer: ChunkSigner | undefined,
): Promise<void> {
  let canonical = ''
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).trim().toLowerCase()
    const value = line.slice(at + 1).trim()
    trailers.set(name, value)
    if (name !== 'x-amz-trailer-signature') canonical += `${name}:${value}\n`
  }
  if (signer === undefined || canonical === '') return
  const expected = await signer.sign('TRAILER', previous, createHash('sha256').update(canonical).digest('hex'))
  if (trailers.get('x-amz-trailer-signature') !== expected) throw mismatch()
}

/** Reads lines, and given numbers of bytes, from a stream. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Reads a line. Returns it without the CRLF at its end. */
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
      if (this.#rest.length === 0) this.#rest = await this.#more()
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
  return new S3Error('IncompleteBody', 'The request body terminated unexpectedly')
}

function mismatch(): Error {
  return new S3Error('SignatureDoesNotMatch', 'The signature of a chunk of the body does not match.')
}
