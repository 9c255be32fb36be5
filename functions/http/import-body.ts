import { looksLikeJson } from '../../shared/archive/foreign-file.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { quote } from '../../shared/values/message-text.ts'
import { JsonContentTypeError, TooLargeError } from './errors.ts'
import { PARAMETERS_IN_QUERY } from './form.ts'
import { type HttpRequest, MAX_ARCHIVE_BYTES } from './http-request.ts'

/** What the body of an import request contains. */
export type ImportContent =
  | { readonly in: 'none' }
  | { readonly in: 'json' }
  | { readonly in: 'form'; readonly contentType: string }
  | { readonly in: 'archive'; readonly contentType: string }

const JSON_TYPE = 'application/json'
/** Many clients add this type to a request without a body. Therefore, it does not announce an archive. */
const URL_ENCODED = 'application/x-www-form-urlencoded'

/**
 * Returns what the body of an import request contains, by its content type. Throws `InvalidRequestError` if the body is
 * empty although the content type announces an archive. Such a request must not open an upload slot: its caller expects
 * that the archive has been restored.
 */
export const contentOf = ({ headers, body }: HttpRequest): ImportContent => {
  const contentType = headers['content-type'] ?? ''
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (body.length === 0) {
    if (['', JSON_TYPE, URL_ENCODED].includes(mediaType)) return { in: 'none' }
    const message =
      `is empty, but its content type ${quote(mediaType)} announces an archive. ` +
      'Send the archive, or open an upload slot with a request that has neither a body nor a content type'
    throw new InvalidRequestError([{ field: 'body', message }])
  }
  if (mediaType === JSON_TYPE) return { in: 'json' }
  return mediaType === 'multipart/form-data' ? { in: 'form', contentType } : { in: 'archive', contentType }
}

/**
 * Returns the archive, which is the whole body. Throws `TooLargeError`, and `JsonContentTypeError` or
 * `InvalidRequestError` if the body is JSON or a form instead.
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

/** The name of the first field of a URL-encoded form. Archives contain bytes that such a form does not. */
const FORM_FIELD = /^([A-Za-z_][A-Za-z0-9_]*)=[\x21-\x7e]*$/
