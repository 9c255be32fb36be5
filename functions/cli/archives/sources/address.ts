import { ArchiveUnavailableError } from '../errors.ts'

/** The address of an archive, as the user has written it. */
export type ArchiveAddress =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string; readonly version_id?: string }
  | { readonly kind: 'url'; readonly url: URL }

/**
 * Parses the argument ARCHIVE: the path of a file, `s3://bucket/key[?versionId=…]`, or a URL. A path that begins with a
 * scheme can be written with `./` in front. Throws `ArchiveUnavailableError` if an address with a scheme is malformed.
 */
export const parseAddress = (text: string): ArchiveAddress => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return { kind: 'file', path: text }
  if (scheme === 's3') return parseS3(text)
  if ((scheme === 'https' || scheme === 'http') && URL.canParse(text)) return { kind: 'url', url: new URL(text) }
  throw new ArchiveUnavailableError(
    `${nameOfText(text)} is not the address of an archive; use the path of a file, s3://bucket/key or an https URL`,
  )
}

/** Matches a version id at the end. Everything before it is the key, which may itself contain question marks. */
const S3_ADDRESS = /^s3:\/\/([^/]+)\/(.+?)(?:\?versionId=([^?&]+))?$/is

const parseS3 = (text: string): ArchiveAddress => {
  const [, bucket, key, version_id] = S3_ADDRESS.exec(text) ?? []
  if (bucket === undefined || key === undefined)
    throw new ArchiveUnavailableError(`${text} must have the form s3://bucket/key or s3://bucket/key?versionId=…`)
  return {
    kind: 's3',
    bucket,
    key,
    ...(version_id === undefined ? {} : { version_id: decodeURIComponent(version_id) }),
  }
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

const nameOfText = (text: string): string => text.replace(/[?#].*$/s, '')
