/**
 * The type that S3 assigns if a request has no content type. In the blob bucket, this value means that the type is
 * unknown.
 */
const UNKNOWN = 'binary/octet-stream'
/** The `Content-Type` header of a blob if the header cannot contain the type of the blob. */
export const REPLACEMENT = 'application/octet-stream'
/** The `Content-Type` header of a blob whose encoded type is a parameter of the header. */
const WITH_PARAMETER = /^application\/octet-stream; specstar-type="([^"]*)"$/
/**
 * Matches printable ASCII without spaces at the ends. HTTP headers cannot contain other characters, and spaces at the
 * ends are removed.
 */
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/

const isPlain = (type: string): boolean => HEADER_VALUE.test(type) && type !== UNKNOWN && !WITH_PARAMETER.test(type)

/**
 * A content type. It is the `Content-Type` header or, if the header cannot contain the type, a percent-encoded string.
 */
type EncodedType = { readonly header: string } | { readonly encoded: string }

/** Encodes the content type of a blob. An empty type counts as unknown. */
export const encodeType = (type: string | undefined): EncodedType => {
  if (type === undefined || type === '') return { header: UNKNOWN }
  return isPlain(type) ? { header: type } : { encoded: encodeURIComponent(type.toWellFormed()) }
}

/** Returns a `Content-Type` header that contains an encoded type as its parameter. */
export const parameterHeader = (encoded: string): string => `${REPLACEMENT}; specstar-type="${encoded}"`

/**
 * Decodes a content type that `encodeType` has encoded. Returns undefined if `encodeType` cannot have returned this
 * string, for example `invoice` or `100% cotton`, because another program may have written the string.
 */
export const decodeType = (encoded: string): string | undefined => {
  try {
    const type = decodeURIComponent(encoded)
    return type !== '' && !isPlain(type) && encodeURIComponent(type) === encoded ? type : undefined
  } catch {
    return undefined
  }
}

/** Returns the content type in a `Content-Type` header, or undefined if the type is unknown. */
export const typeOfHeader = (header: string | undefined): string | undefined =>
  header === UNKNOWN ? undefined : header

/**
 * Returns the content type that a `Content-Type` header contains as its parameter. Returns undefined if
 * `parameterHeader` cannot have returned this header.
 */
export const typeOfParameter = (header: string | undefined): string | undefined => {
  const encoded = WITH_PARAMETER.exec(header ?? '')?.[1]
  return encoded === undefined ? undefined : decodeType(encoded)
}

/** Returns true if a content type can be a header, but looks like a header that `parameterHeader` returns. */
export const looksLikeParameterHeader = (type: string | undefined): type is string =>
  type !== undefined && HEADER_VALUE.test(type) && WITH_PARAMETER.test(type)
