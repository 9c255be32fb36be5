import { looksLikeJson } from '../../shared/archive/foreign-file.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { quote } from '../../shared/values/message-text.ts'
import { JsonContentTypeError, TooLargeError } from './errors.ts'
import { PARAMETERS_IN_QUERY } from './form.ts'
import { type HttpRequest, MAX_ARCHIVE_BYTES, mediaTypeOf } from './http-request.ts'

/** What the body of an import request contains. */
type ImportContent =
  | { readonly in: 'none' }
  | { readonly in: 'json' }
  | { readonly in: 'form'; readonly contentType: string }
  | { readonly in: 'archive'; readonly contentType: string }

const JSON_TYPE = 'application/json'
/** Many clients add this type to every request. Therefore, an empty body may have it. */
const URL_ENCODED = 'application/x-www-form-urlencoded'

/**
 * Returns what the body of an import request contains, by its content type. Throws `InvalidRequestError` if the body is
 * empty, but has the content type of an archive. Such a request must not open an upload slot, because its caller
 * believes that the request contains the archive.
 */
export const contentOf = ({ headers, body }: HttpRequest): ImportContent => {
  const contentType = headers['content-type'] ?? ''
  const mediaType = mediaTypeOf({ headers })
  if (body.length === 0) {
    if (['', JSON_TYPE, URL_ENCODED].includes(mediaType)) return { in: 'none' }
    const message =
      `is empty, but its content type ${quote(mediaType)} is that of an archive. ` +
      'Send the archive, or open an upload slot with a request that has neither a body nor a content type'
    throw new InvalidRequestError([{ field: 'body', message }])
  }
  if (mediaType === JSON_TYPE) return { in: 'json' }
  return mediaType === 'multipart/form-data' ? { in: 'form', contentType } : { in: 'archive', contentType }
}

/**
 * Returns the archive, which is the whole body. Throws `TooLargeError` if the body is larger than `MAX_ARCHIVE_BYTES`,
 * `JsonContentTypeError` if it is JSON, and `InvalidRequestError` if it is a URL-encoded form.
 */
export const archiveOfBody = (body: Buffer, contentType: string): Buffer => {
  if (body.length > MAX_ARCHIVE_BYTES) throw new TooLargeError(MAX_ARCHIVE_BYTES)
  if (looksLikeJson(body)) throw new JsonContentTypeError(contentType)
  const field = FORM_FIELD.exec(body.toString('latin1'))?.[1]
  if (contentType.toLowerCase().startsWith(URL_ENCODED) && field !== undefined)
    throw new InvalidRequestError([
      { field, message: `is a field of a form, but the body must be the archive. ${PARAMETERS_IN_QUERY}` },
    ])
  return body
}

/**
 * Matches a URL-encoded form and captures the name of its first field. It never matches an archive, because archives
 * contain control characters or bytes outside ASCII.
 */
const FORM_FIELD = /^([A-Za-z_][A-Za-z0-9_]*)=[\x21-\x7e]*$/
