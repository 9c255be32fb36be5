/** An object that reads were pinned to is gone, or is another one by now. */
export class ObjectChangedError extends Error {
  override readonly name = 'ObjectChangedError'
  readonly bucket: string
  readonly key: string

  constructor(bucket: string, key: string) {
    super(`s3://${bucket}/${key} is gone or has changed since it was looked at`)
    this.bucket = bucket
    this.key = key
  }
}

/** What was to be made anew exists already. */
export class ObjectExistsError extends Error {
  override readonly name = 'ObjectExistsError'
  readonly bucket: string
  readonly key: string

  constructor(bucket: string, key: string) {
    super(`s3://${bucket}/${key} exists already`)
    this.bucket = bucket
    this.key = key
  }
}

/** A body was shorter or longer than the server said it would be. */
export class BodyCutError extends Error {
  override readonly name = 'BodyCutError'

  constructor(bucket: string, key: string, expected: number, actual: number) {
    super(`s3://${bucket}/${key}: ${expected} bytes were asked for, ${actual} came`)
  }
}
