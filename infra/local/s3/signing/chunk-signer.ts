import { createHash } from 'node:crypto'
import type { SignatureV4 } from '@smithy/signature-v4'
import { ALGORITHM, type SignatureClaim } from './claim.ts'

/** Signs the chunks of an aws-chunked body. Each signature continues the previous one. */
export interface ChunkSigner {
  /** the signature of the request, which the first chunk continues */
  readonly seed: string
  /** `sha256` is the hash of a chunk, or of the trailers, in hexadecimal. */
  sign(kind: 'PAYLOAD' | 'TRAILER', previous: string, sha256: string): Promise<string>
}

const SHA256_OF_NOTHING = createHash('sha256').digest('hex')

/**
 * `@smithy/signature-v4` derives the key and computes the HMAC.
 * It does not know the strings to sign for S3's streamed bodies, so that these are built here.
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
