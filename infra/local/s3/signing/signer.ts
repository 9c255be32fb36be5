import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from './sha256.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Creates a signer of requests to S3. */
export function createSigner(credentials: Credentials): SignatureV4 {
  return new SignatureV4({
    credentials,
    service: 's3',
    region: 'us-east-1',
    sha256: Sha256,
    // S3 URL-encodes a path once. Other AWS services encode it twice.
    uriEscapePath: false,
    applyChecksum: false,
  })
}
