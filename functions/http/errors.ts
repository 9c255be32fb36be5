import { quote } from '../../shared/values/message-text.ts'

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
  readonly limit_bytes: number

  constructor(limitBytes: number) {
    super(
      `the archive in a request may have at most ${limitBytes} bytes. ` +
        'To restore a larger archive, repeat the request without a body, which opens an upload slot, ' +
        'and upload the archive to `upload.url` of the response. ' +
        'If the archive is in S3, send a JSON body with its location instead: {"from": {"bucket": "…", "key": "…"}}',
    )
    this.limit_bytes = limitBytes
  }
}

/** Thrown if the body of an import request is JSON, but its content type is not `application/json`. */
export class JsonContentTypeError extends Error {
  override readonly name = 'JsonContentTypeError'

  /** `contentType` is an empty string if the request has no content type. */
  constructor(contentType: string) {
    const actual = contentType === '' ? 'the request has no content type' : `its content type is ${quote(contentType)}`
    super(
      `the body is JSON, but ${actual}, so the body was expected to be an archive. ` +
        'To restore an archive in S3, send the JSON with the header content-type: application/json',
    )
  }
}

/**
 * Where a route accepts its parameters: in the query and in the body, only in the body because they are objects, or
 * nowhere because it has none.
 */
export type ParameterPlace = 'query and body' | 'body' | 'none'

const SEND_JSON = 'Send the parameters as a JSON object with the header content-type: application/json'
const PLACE_ADVICE: Readonly<Record<ParameterPlace, string>> = {
  'query and body': `${SEND_JSON}, or in the query`,
  body: SEND_JSON,
  none: 'The route accepts no parameters, so send the request without a body',
}

/** Thrown if the body of a request that accepts only parameters has the content type of a form or of a file. */
export class ParametersContentTypeError extends Error {
  override readonly name = 'ParametersContentTypeError'

  constructor(mediaType: string, place: ParameterPlace) {
    super(
      `the content type of the body is ${quote(mediaType)}, but this route reads only JSON from the body. ` +
        PLACE_ADVICE[place],
    )
  }
}

/** Thrown if the request line of an HTTP request is too long for the local program. */
export class UriTooLongError extends Error {
  override readonly name = 'UriTooLongError'

  constructor() {
    super(`the request line is too long. ${SEND_IN_BODY}`)
  }
}

/** Thrown if the request line and the headers of an HTTP request are together too long for the local program. */
export class HeadersTooLargeError extends Error {
  override readonly name = 'HeadersTooLargeError'

  constructor() {
    super(`the request line and the headers are too long. ${SEND_IN_BODY}`)
  }
}

const SEND_IN_BODY =
  'The local program allows at most 16 KiB, and AWS allows at most 10,240 bytes. ' +
  'If the request starts an export, send its parameters as JSON in the body of a POST request'

export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'

  /** `advice` says what to request instead. */
  constructor(path: string, advice: string) {
    super(`${path} is not a route of this API; ${advice}`)
  }
}

/** Thrown if the page has no file with the requested name. */
export class UnknownPageFileError extends Error {
  override readonly name = 'UnknownPageFileError'

  constructor(file: string) {
    super(`the page has no file ${quote(file)}; its files change with each release, so load /_backup again`)
  }
}

/** Thrown if a request may come from a page of another site. Only programs that listen on 127.0.0.1 check this. */
export class ForeignRequestError extends Error {
  override readonly name = 'ForeignRequestError'
  readonly header: string

  /** `advice` says what is allowed. */
  constructor(header: string, value: string, advice: string) {
    super(
      `the header ${header} ${value === '' ? 'is missing' : `is ${quote(value)}`}, ` +
        `so the request may come from a page of another site. ${advice}`,
    )
    this.header = header
  }
}

export class MethodNotAllowedError extends Error {
  override readonly name = 'MethodNotAllowedError'
  readonly allow: readonly string[]

  constructor(method: string, path: string, allow: readonly string[]) {
    super(`the route ${path} does not accept the method ${method}; the allowed methods are: ${allow.join(', ')}`)
    this.allow = allow
  }
}
