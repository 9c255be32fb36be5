/** S3 assigns this type if a request states no content type. In the blob bucket, it means that the type is unknown. */
const UNKNOWN = 'binary/octet-stream'
/** The type in the `Content-Type` header of a blob whose own type the header cannot contain. */
export const REPLACEMENT = 'application/octet-stream'
/** The `Content-Type` header of a blob whose encoded type is a parameter of the header. */
const WITH_PARAMETER = /^application\/octet-stream; specstar-type="([^"]*)"$/
/**
 * Matches printable ASCII without spaces at the ends. HTTP headers cannot contain other characters, and lose spaces at
 * the ends.
 */
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/

const isPlain = (type: string): boolean => HEADER_VALUE.test(type) && type !== UNKNOWN && !WITH_PARAMETER.test(type)

/** A content type as the `Content-Type` header or, if the header cannot contain it, percent-encoded. */
type EncodedType = { readonly header: string } | { readonly encoded: string }

/** Encodes the content type of a blob. An empty type counts as unknown. */
export const encodeType = (type: string | undefined): EncodedType => {
  if (type === undefined || type === '') return { header: UNKNOWN }
  return isPlain(type) ? { header: type } : { encoded: encodeURIComponent(type.toWellFormed()) }
}

/** Returns a `Content-Type` header that contains an encoded type as its parameter. */
export const parameterHeader = (encoded: string): string => `${REPLACEMENT}; specstar-type="${encoded}"`

/**
 * Returns the content type that `encodeType` encodes as this string. Returns undefined if it encodes no type in this
 * way. A string that another program wrote, for example `invoice` or `100% cotton`, is therefore not decoded as a type.
 */
export const decodeType = (encoded: string): string | undefined => {
  try {
    const type = decodeURIComponent(encoded)
    return type !== '' && !isPlain(type) && encodeURIComponent(type) === encoded ? type : undefined
  } catch {
    return undefined
  }
}

/** Returns the content type that a `Content-Type` header states, or undefined if the type is unknown. */
export const typeOfHeader = (header: string | undefined): string | undefined => {
  const encoded = WITH_PARAMETER.exec(header ?? '')?.[1]
  const type = encoded === undefined ? header : (decodeType(encoded) ?? header)
  return type === UNKNOWN && encoded === undefined ? undefined : type
}
