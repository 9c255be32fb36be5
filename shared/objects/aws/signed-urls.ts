import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { create as contentDisposition } from 'content-disposition'

/** The permission of a URL, which allows one action on one object. */
export interface Grant {
  readonly action: 'get' | 'put'
  readonly bucket: string
  readonly key: string
  readonly version_id?: string
}

/**
 * A client that signs one URL. `until` is the time at which the credentials of the client expire, if this time is
 * known. The URL is not valid after this time.
 */
interface UrlSigner {
  readonly client: S3Client
  readonly until?: Date
}

/** Creates the signer for a grant. On AWS, the signer uses a session of a role that permits only this grant. */
export type SignerFor = (grant: Grant) => Promise<UrlSigner>

interface SignedDownload {
  readonly url: string
  readonly expires_at: Date
}

/** A URL for an upload, and the headers that the upload must send. */
interface SignedUpload extends SignedDownload {
  readonly headers: Readonly<Record<string, string>>
}

/** The longest validity of a URL. It is short, because everybody who has a URL can use it. */
const MAX_SECONDS = 3600

/** Signs URLs that are valid without credentials for at most one hour. */
export class SignedUrls {
  readonly #signerFor: SignerFor
  readonly #clock: () => Date

  constructor(signerFor: SignerFor, clock: () => Date = () => new Date()) {
    this.#signerFor = signerFor
    this.#clock = clock
  }

  /** Returns a URL that downloads an object. Browsers save the object under the file name. */
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
    const { expiresIn, expires_at } = this.#validity(signer)
    return { url: await getSignedUrl(signer.client, command, { expiresIn }), expires_at }
  }

  /**
   * Returns a URL for one upload, which is valid until `notAfter` at the latest. The headers are part of the signature.
   * S3 rejects an upload without these headers with status 403, and a second upload with status 412.
   */
  async upload(bucket: string, key: string, notAfter?: Date): Promise<SignedUpload> {
    const signer = await this.#signerFor({ action: 'put', bucket, key })
    const headers = { 'If-None-Match': '*' }
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, IfNoneMatch: '*' })
    const { expiresIn, expires_at } = this.#validity(signer, notAfter)
    const signableHeaders = new Set(['host', ...Object.keys(headers).map((name) => name.toLowerCase())])
    return { url: await getSignedUrl(signer.client, command, { expiresIn, signableHeaders }), headers, expires_at }
  }

  #validity({ until }: UrlSigner, notAfter?: Date): { readonly expiresIn: number; readonly expires_at: Date } {
    const now = this.#clock().getTime()
    const end = Math.min(now + MAX_SECONDS * 1000, until?.getTime() ?? Infinity, notAfter?.getTime() ?? Infinity)
    const expiresIn = Math.max(1, Math.floor((end - now) / 1000))
    return { expiresIn, expires_at: new Date(now + expiresIn * 1000) }
  }
}
