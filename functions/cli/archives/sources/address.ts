import { isPrivate } from '../../client/private-url.ts'
import { UsageError } from '../../usage-error.ts'

/** The address of an archive, as the user has written it. */
export type ArchiveAddress =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string; readonly version_id?: string }
  | { readonly kind: 'url'; readonly url: URL }

/**
 * Parses the argument ARCHIVE: the path of a file, `s3://bucket/key[?versionId=…]`, or a URL. A path that begins with a
 * scheme can be written with `./` in front. Throws `UsageError` if an address with a scheme is malformed, or if a URL
 * would be read without encryption.
 */
export const parseAddress = (text: string): ArchiveAddress => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return { kind: 'file', path: text }
  if (scheme === 's3') return parseS3(text)
  if ((scheme === 'https' || scheme === 'http') && URL.canParse(text))
    return { kind: 'url', url: checkedUrl(new URL(text)) }
  throw new UsageError(
    `${nameOfText(text)} is not the address of an archive; use the path of a file, s3://bucket/key or an https URL`,
  )
}

/** Matches a version id at the end. Everything before it is the key, which may itself contain question marks. */
const S3_ADDRESS = /^s3:\/\/([^/]+)\/(.+?)(?:\?versionId=([^?&]+))?$/is

const parseS3 = (text: string): ArchiveAddress => {
  const [, bucket, key, version_id] = S3_ADDRESS.exec(text) ?? []
  if (bucket === undefined || key === undefined)
    throw new UsageError(`${text} must have the form s3://bucket/key or s3://bucket/key?versionId=…`)
  return {
    kind: 's3',
    bucket,
    key,
    ...(version_id === undefined ? {} : { version_id: decodeVersion(version_id) }),
  }
}

/** Decodes the version id of an S3 address. Throws `UsageError` if its percent-encoding is invalid. */
const decodeVersion = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw new UsageError(`versionId: ${JSON.stringify(text)} is not percent-encoded; write % as %25`, { cause: error })
  }
}

const checkedUrl = (url: URL): URL => {
  const name = `${url.protocol}//${url.host}${url.pathname}`
  if (url.username !== '' || url.password !== '')
    throw new UsageError(`${name}: the URL of an archive must not contain a user or a password; use a presigned URL`)
  if (!isPrivate(url)) throw new UsageError(`${name}: an archive must not be read without encryption; use https://`)
  return url
}

/** Returns the name of an archive for messages. Omits the query of a URL, because it may contain a signature. */
export const nameOfAddress = (address: ArchiveAddress): string => {
  switch (address.kind) {
    case 'file':
      return address.path
    case 's3':
      return `s3://${address.bucket}/${address.key}`
    case 'url':
      return `${address.url.origin}${address.url.pathname}`
  }
}

/** Omits a query, which may contain a signature, and a user with a password. */
const nameOfText = (text: string): string => text.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//')
