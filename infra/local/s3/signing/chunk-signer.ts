import { createHash } from 'node:crypto'
import type { SignatureV4 } from '@smithy/signature-v4'
import { ALGORITHM, type SignatureClaim } from './claim.ts'

/** Signs the chunks of an aws-chunked body. The signature of a chunk depends on the signature of the previous chunk. */
export interface ChunkSigner {
  /** The signature of the request, on which the signature of the first chunk depends. */
  readonly seed: string
  /** Returns a signature. `sha256` is the hash of the chunk, or of the trailers, in hexadecimal. */
  sign(kind: 'PAYLOAD' | 'TRAILER', previous: string, sha256: string): Promise<string>
}

const SHA256_OF_NOTHING = createHash('sha256').digest('hex')

/**
 * Returns the signer for the chunks of a request. `@smithy/signature-v4` derives the key and computes the HMAC. It does
 * not support streamed bodies of S3, so this function creates the strings to sign.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export function chunkSigner(
  signer: SignatureV4,
  { signature, date, signedAt, region }: Pick<SignatureClaim, 'signature' | 'date' | 'signedAt' | 'region'>,
): ChunkSigner {
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`
  return {
    seed: signature,
    sign: (kind, previous, sha256) => {
      const hashes = kind === 'PAYLOAD' ? [SHA256_OF_NOTHING, sha256] : [sha256]
      const text = [`${ALGORITHM}-${kind}`, date, scope, previous, ...hashes].join('\n')
      return signer.sign(text, { signingDate: signedAt, signingRegion: region })
    },
  }
}
