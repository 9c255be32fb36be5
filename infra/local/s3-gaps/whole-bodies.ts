import { createHash } from 'node:crypto'
import type { ContentFiles } from '../s3-content.ts'
import { fault } from '../s3-fault.ts'
import type { Checksums, ChecksumName, Segment } from '../s3-records.ts'
import type { S3Request } from '../s3-request.ts'
import { compareChecksums, digestOf, givenChecksums, wantedChecksums, type Digest } from './checksums.ts'
import { decodeChunks } from './chunked-bodies.ts'
import type { Signer } from './signatures.ts'

/*
 * A body counts when all of it has come, and is what its headers say: length, MD5, checksums, signed hash. s3rver makes
 * an object, over the old one, of whatever has come.
 */

// AWS: one PUT and one part hold up to 5 GiB.
const LARGEST_BODY = 5 * 1024 ** 3
// A completion with 10,000 parts and a batch delete with 1,000 long keys stay below 4 MB.
const LARGEST_TEXT = 8 * 1024 ** 2

export interface Received {
  readonly segment: Segment
  readonly md5: string
  readonly checksums: Checksums
}

/** Receives the body into a file. Throws as S3 does where it is not whole or not right, and leaves no file. */
export async function receiveBody(
  request: S3Request,
  signer: Signer,
  content: ContentFiles,
  declared?: ChecksumName,
): Promise<Received> {
  const expected = lengthOf(request)
  if (expected > LARGEST_BODY) {
    throw fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      ProposedSize: expected,
      MaxSizeAllowed: LARGEST_BODY,
    })
  }
  const seen: Seen = { md5: '', checksums: {} }
  const segment = await content.write(checked(request, signer, expected, seen, declared))
  return { segment, md5: seen.md5, checksums: seen.checksums }
}

/** Receives a small body as text: the XML of an operation. */
export async function receiveText(request: S3Request, signer: Signer): Promise<string> {
  const expected = lengthOf(request)
  if (expected > LARGEST_TEXT) throw fault('MalformedXML', 'The XML you provided is too large')
  const pieces: Buffer[] = []
  for await (const piece of checked(request, signer, expected, { md5: '', checksums: {} })) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

interface Seen {
  md5: string
  checksums: Checksums
}

async function* checked(
  request: S3Request,
  signer: Signer,
  expected: number,
  seen: Seen,
  declared?: ChecksumName,
): AsyncGenerator<Buffer> {
  const { headers } = request
  const payload = headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  const trailers = new Map<string, string>()
  const md5 = createHash('md5')
  const sha256 = /^[0-9a-f]{64}$/i.test(payload) ? createHash('sha256') : undefined
  const digests = new Map<ChecksumName, Digest>()
  for (const name of wantedChecksums(headers, declared)) digests.set(name, await digestOf(name))

  let received = 0
  for await (const piece of payloadOf(request, payload, trailers, signer)) {
    received += piece.length
    md5.update(piece)
    sha256?.update(piece)
    for (const digest of digests.values()) digest.update(piece)
    yield piece
  }

  if (received !== expected) throw cutOff()
  const digest = md5.digest()
  const contentMd5 = headers.get('content-md5')
  if (contentMd5 !== undefined && contentMd5 !== digest.toString('base64')) {
    throw fault('BadDigest', 'The Content-MD5 you specified did not match what we received.')
  }
  if (sha256 !== undefined && sha256.digest('hex') !== payload.toLowerCase()) {
    throw fault(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
  }
  seen.md5 = digest.toString('hex')
  seen.checksums = Object.fromEntries([...digests].map(([name, computed]) => [name, computed.base64()]))
  compareChecksums({ ...givenChecksums(headers), ...givenChecksums(trailers) }, seen.checksums)
}

async function* payloadOf(
  request: S3Request,
  payload: string,
  trailers: Map<string, string>,
  signer: Signer,
): AsyncGenerator<Buffer> {
  try {
    const body = request.incoming as AsyncIterable<Buffer>
    if (!payload.startsWith('STREAMING-')) yield* body
    else yield* decodeChunks(body, trailers, payload.startsWith('STREAMING-AWS4-') ? signer : undefined)
  } catch (error) {
    // the client is gone: Node says "aborted"
    throw error instanceof Error && 'code' in error && error.code === 'ECONNRESET' ? cutOff() : error
  }
}

function lengthOf(request: S3Request): number {
  const length = request.headers.get('x-amz-decoded-content-length') ?? request.headers.get('content-length')
  if (length === undefined || !/^\d+$/.test(length)) {
    throw fault('MissingContentLength', 'You must provide the Content-Length HTTP header.')
  }
  return Number(length)
}

function cutOff(): Error {
  return fault('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header')
}
