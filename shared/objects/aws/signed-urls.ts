import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { create as contentDisposition } from 'content-disposition'

/** What one URL is good for: one action on one key. */
export interface Grant {
  readonly action: 'get' | 'put'
  readonly bucket: string
  readonly key: string
  readonly version_id?: string
}

/** A client to sign one URL with. A URL dies with the credentials that signed it: `until`, where these end. */
export interface Signer {
  readonly client: S3Client
  readonly until?: Date
}

/** Makes the signer of a grant: on AWS a role that is assumed for this key alone. */
export type SignerFor = (grant: Grant) => Promise<Signer>

export interface SignedDownload {
  readonly url: string
  readonly expires_at: Date
}

/** What an upload must send: the URL and, exactly, these headers. */
export interface SignedUpload extends SignedDownload {
  readonly headers: Readonly<Record<string, string>>
}

/** An hour, and never longer: whoever has the URL has the archive. */
const MAX_SECONDS = 3600

/** Signs URLs that work without credentials, for an hour at most. */
export class SignedUrls {
  readonly #signerFor: SignerFor
  readonly #clock: () => Date

  constructor(signerFor: SignerFor, clock: () => Date = () => new Date()) {
    this.#signerFor = signerFor
    this.#clock = clock
  }

  /** A URL that downloads an object under a file name. */
  async download(
    { bucket, key, version_id }: { readonly bucket: string; readonly key: string; readonly version_id?: string },
    filename: string,
  ): Promise<SignedDownload> {
    const version = version_id === undefined ? {} : { version_id }
    const signer = await this.#signerFor({ action: 'get', bucket, key, ...version })
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ResponseContentDisposition: contentDisposition(filename),
      ...(version_id === undefined ? {} : { VersionId: version_id }),
    })
    const { expiresIn, expires_at } = this.#term(signer)
    return { url: await getSignedUrl(signer.client, command, { expiresIn }), expires_at }
  }

  /** A URL that takes one upload: the headers are signed, a second PUT is refused (412), one without them too (403). */
  async upload(bucket: string, key: string, notAfter?: Date): Promise<SignedUpload> {
    const signer = await this.#signerFor({ action: 'put', bucket, key })
    const headers = { 'If-None-Match': '*' }
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, IfNoneMatch: '*' })
    const { expiresIn, expires_at } = this.#term(signer, notAfter)
    const signableHeaders = new Set(['host', ...Object.keys(headers).map((name) => name.toLowerCase())])
    return { url: await getSignedUrl(signer.client, command, { expiresIn, signableHeaders }), headers, expires_at }
  }

  #term({ until }: Signer, notAfter?: Date): { readonly expiresIn: number; readonly expires_at: Date } {
    const now = this.#clock().getTime()
    const end = Math.min(now + MAX_SECONDS * 1000, until?.getTime() ?? Infinity, notAfter?.getTime() ?? Infinity)
    const expiresIn = Math.max(1, Math.floor((end - now) / 1000))
    return { expiresIn, expires_at: new Date(now + expiresIn * 1000) }
  }
}
