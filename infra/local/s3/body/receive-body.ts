import { createHash } from 'node:crypto'
import type { S3Request } from '../http/request.ts'
import { S3Error } from '../http/s3-error.ts'
import type { ChunkSigner } from '../signing/chunk-signer.ts'
import type { ContentFiles } from '../storage/content-files.ts'
import type { ChecksumName, Checksums, Segment } from '../storage/records.ts'
import { decodeChunks } from './aws-chunked.ts'
import { compareChecksums, createDigest, type Digest, givenChecksums, requestedChecksums } from './checksums.ts'
import { buffersOf } from '../../../../shared/values/buffers-of.ts'

/** S3 accepts at most 5 GiB in one PUT or one part. */
const LARGEST_BODY = 5 * 1024 ** 3
/** The maximum size of an XML body. The largest bodies, with 10,000 parts or 1,000 long keys, have less than 4 MB. */
const LARGEST_TEXT = 8 * 1024 ** 2

interface ReceivedBody {
  readonly segment: Segment
  /** The MD5 of the body in hexadecimal. */
  readonly md5: string
  readonly checksums: Checksums
}

/**
 * Writes the body to a new file. If the body is not complete, or does not match its length, MD5, checksums or signed
 * hash, removes the file and throws the same error as S3.
 */
export async function receiveBody(
  request: S3Request,
  signer: ChunkSigner,
  content: ContentFiles,
  declared?: ChecksumName,
): Promise<ReceivedBody> {
  const length = declaredLength(request)
  if (length > LARGEST_BODY) {
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      ProposedSize: length,
      MaxSizeAllowed: LARGEST_BODY,
    })
  }
  const computed: Computed = { md5: '', checksums: {} }
  const segment = await content.write(verifiedBody(request, signer, length, computed, declared))
  return { segment, ...computed }
}

/** Receives the body of an operation that contains XML. Throws 400 if the body is larger than 8 MiB. */
export async function receiveText(request: S3Request, signer: ChunkSigner): Promise<string> {
  const length = declaredLength(request)
  if (length > LARGEST_TEXT) throw new S3Error('MalformedXML', 'The XML you provided is too large')
  const pieces: Buffer[] = []
  for await (const piece of verifiedBody(request, signer, length, { md5: '', checksums: {} })) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

interface Computed {
  md5: string
  checksums: Checksums
}

/**
 * Yields the decoded body. After the last byte, compares the body with the headers. Throws if the body does not match.
 * Otherwise, sets the members of `computed`.
 */
async function* verifiedBody(
  request: S3Request,
  signer: ChunkSigner,
  length: number,
  computed: Computed,
  declared?: ChecksumName,
): AsyncGenerator<Buffer> {
  const { headers } = request
  const payload = headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  const trailers = new Map<string, string>()
  const md5 = createHash('md5')
  const sha256 = /^[0-9a-f]{64}$/i.test(payload) ? createHash('sha256') : undefined
  const digests = new Map<ChecksumName, Digest>()
  for (const name of requestedChecksums(headers, declared)) digests.set(name, await createDigest(name))

  let received = 0
  for await (const piece of decodedBody(request, payload, trailers, signer)) {
    received += piece.length
    md5.update(piece)
    sha256?.update(piece)
    for (const digest of digests.values()) digest.update(piece)
    yield piece
  }

  if (received !== length) throw incompleteBody()
  const digest = md5.digest()
  const contentMd5 = headers.get('content-md5')
  if (contentMd5 !== undefined && contentMd5 !== digest.toString('base64')) {
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.')
  }
  if (sha256 !== undefined && sha256.digest('hex') !== payload.toLowerCase()) {
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
  }
  computed.md5 = digest.toString('hex')
  computed.checksums = Object.fromEntries([...digests].map(([name, value]) => [name, value.base64()]))
  compareChecksums({ ...givenChecksums(headers), ...givenChecksums(trailers) }, computed.checksums)
}

async function* decodedBody(
  { incoming }: S3Request,
  payload: string,
  trailers: Map<string, string>,
  signer: ChunkSigner,
): AsyncGenerator<Buffer> {
  // By default, leaving the loop early would destroy the socket, and the client would not receive the error response.
  const body = buffersOf(incoming.iterator({ destroyOnReturn: false }))
  try {
    if (!payload.startsWith('STREAMING-')) yield* body
    else yield* decodeChunks(body, trailers, payload.startsWith('STREAMING-AWS4-') ? signer : undefined)
  } catch (error) {
    // Node throws this error if the client has closed the connection.
    throw error instanceof Error && 'code' in error && error.code === 'ECONNRESET' ? incompleteBody() : error
  }
}

function declaredLength({ headers }: S3Request): number {
  const length = headers.get('x-amz-decoded-content-length') ?? headers.get('content-length')
  if (length === undefined || !/^\d+$/.test(length)) {
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.')
  }
  return Number(length)
}

function incompleteBody(): Error {
  return new S3Error(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  )
}
