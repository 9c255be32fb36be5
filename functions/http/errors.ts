/** The body is larger than what a request may carry. Says where a larger archive goes. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
  readonly limit_bytes: number

  constructor(limitBytes: number) {
    super(
      `a request's body has up to ${limitBytes} bytes. For a larger archive send the import without a body: ` +
        'the answer holds an upload slot (`upload.url`), and what is put there is restored. ' +
        'Or name an archive that lies in S3 by a JSON body: {"from": {"bucket": …, "key": …}}',
    )
    this.limit_bytes = limitBytes
  }
}

export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

export class MethodNotAllowedError extends Error {
  override readonly name = 'MethodNotAllowedError'
  readonly allow: readonly string[]

  constructor(method: string, path: string, allow: readonly string[]) {
    super(`${path} does not take ${method}; it takes ${allow.join(', ')}`)
    this.allow = allow
  }
}
