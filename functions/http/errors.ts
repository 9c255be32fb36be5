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

/** The body is JSON, but its content type says that it is an archive. */
export class JsonContentTypeError extends Error {
  override readonly name = 'JsonContentTypeError'

  /** `contentType` is empty if the request has none. */
  constructor(contentType: string) {
    const actual = contentType === '' ? 'the request has no content type' : `its content type is ${quote(contentType)}`
    super(
      `the body is JSON, but ${actual}, which announces an archive. ` +
        'To restore an archive in S3, send the JSON with the header content-type: application/json',
    )
  }
}

export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'

  constructor(path: string, routes: readonly string[]) {
    super(`${path} is not a route of this API; the routes are: ${routes.join(', ')}`)
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
