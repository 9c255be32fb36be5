export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
  readonly limit_bytes: number

  constructor(limitBytes: number) {
    super(
      `the archive in a request may be at most ${limitBytes} bytes long. ` +
        'To restore a larger archive, send the import without a body and upload the archive to the upload slot in the answer (`upload.url`), ' +
        'or name an archive in S3 in a JSON body: {"from": {"bucket": "…", "key": "…"}}',
    )
    this.limit_bytes = limitBytes
  }
}

export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'

  constructor(path: string, routes: readonly string[]) {
    super(`there is no route ${path}; the routes are: ${routes.join(', ')}`)
  }
}

export class MethodNotAllowedError extends Error {
  override readonly name = 'MethodNotAllowedError'
  readonly allow: readonly string[]

  constructor(method: string, path: string, allow: readonly string[]) {
    super(`${path} does not accept the method ${method}; it accepts ${allow.join(', ')}`)
    this.allow = allow
  }
}
