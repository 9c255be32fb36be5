import { timingSafeEqual } from 'node:crypto'
import type { SignatureV4 } from '@smithy/signature-v4'
import type { S3Request } from '../http/request.ts'
import { S3Error } from '../http/s3-error.ts'
import { type ChunkSigner, chunkSigner } from './chunk-signer.ts'
import { readClaim, type SignatureClaim } from './claim.ts'
import { createSigner, type Credentials } from './signer.ts'

type SignableRequest = Parameters<SignatureV4['presign']>[0]

/**
 * Verifies AWS Signature Version 4. It signs the request again with `@smithy/signature-v4` and compares the signatures.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export class SignatureVerifier {
  readonly #credentials: Credentials
  readonly #signer: SignatureV4

  constructor(credentials: Credentials) {
    this.#credentials = credentials
    this.#signer = createSigner(credentials)
  }

  /**
   * Returns the signer for the chunks of the body. Throws `S3Error` (status 400 or 403) if neither the header
   * `Authorization` nor the query has a valid signature.
   */
  async verify(request: S3Request): Promise<ChunkSigner> {
    const claim = readClaim(request)
    if (claim.accessKeyId !== this.#credentials.accessKeyId) {
      throw new S3Error('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.')
    }
    rejectUnsignedHeaders(request, claim)
    const expected =
      claim.from === 'header'
        ? await this.#signatureForHeader(request, claim)
        : await this.#signatureForQuery(request, claim)
    if (!equal(expected, claim.signature)) {
      throw new S3Error(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        { AWSAccessKeyId: claim.accessKeyId },
      )
    }
    return chunkSigner(this.#signer, claim)
  }

  async #signatureForHeader(request: S3Request, { signedAt, region, signedHeaders }: SignatureClaim): Promise<string> {
    const { headers } = await this.#signer.sign(signable(request, request.query, signedHeaders), {
      signingDate: signedAt,
      signingRegion: region,
      signableHeaders: new Set(signedHeaders),
    })
    return /Signature=(\w+)$/.exec(headers['authorization'] ?? '')?.[1] ?? ''
  }

  async #signatureForQuery(request: S3Request, claim: SignatureClaim): Promise<string> {
    const query = new Map(request.query)
    query.delete('X-Amz-Signature')
    const signed = signable(request, query, claim.signedHeaders)
    // The signer reads the hash of the payload from a header. `presign` then moves this header to the query.
    for (const [name, value] of query) {
      if (name.toLowerCase() === 'x-amz-content-sha256') signed.headers[name] = value
    }
    const { query: result } = await this.#signer.presign(signed, {
      signingDate: claim.signedAt,
      signingRegion: claim.region,
      expiresIn: claim.expiresInSeconds,
      signableHeaders: new Set(claim.signedHeaders),
      unhoistableHeaders: new Set(claim.signedHeaders),
    })
    return String(result?.['X-Amz-Signature'])
  }
}

/** Rejects requests with `x-amz-…` headers that are not signed. They could change the effect of a presigned URL. */
function rejectUnsignedHeaders({ incoming }: S3Request, { signedHeaders }: SignatureClaim): void {
  for (const name of Object.keys(incoming.headers)) {
    if (name.startsWith('x-amz-') && !signedHeaders.includes(name)) {
      throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
        HeadersNotSigned: name,
      })
    }
  }
}

/**
 * Returns the part of the request that the client has signed. Omits unsigned headers. If a signed header is missing,
 * the signatures differ.
 */
function signable(
  { method, path, incoming }: S3Request,
  query: ReadonlyMap<string, string>,
  signedHeaders: readonly string[],
): SignableRequest {
  const headers: Record<string, string> = {}
  for (const name of signedHeaders) {
    const value = incoming.headers[name]
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value
  }
  return {
    method,
    protocol: 'http:',
    hostname: '',
    path: path.split('/').map(escape).join('/'),
    query: Object.fromEntries(query),
    headers,
    // If there is no hash and the body is a stream, the signer uses UNSIGNED-PAYLOAD.
    body: incoming,
  }
}

function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function equal(expected: string, actual: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(actual)]
  return one.length === other.length && timingSafeEqual(one, other)
}
