/** A pinned object was deleted or replaced before it was read or copied. Repeating the request cannot succeed. */
export class ObjectChangedError extends Error {
  override readonly name = 'ObjectChangedError'
  readonly bucket: string
  readonly key: string

  constructor(bucket: string, key: string) {
    super(`s3://${bucket}/${key} was deleted or replaced while it was in use`)
    this.bucket = bucket
    this.key = key
  }
}

/** An object with this key already exists, although it should be absent. */
export class ObjectExistsError extends Error {
  override readonly name = 'ObjectExistsError'
  readonly bucket: string
  readonly key: string

  constructor(bucket: string, key: string) {
    super(`s3://${bucket}/${key} already exists`)
    this.bucket = bucket
    this.key = key
  }
}

/**
 * The S3 server computes no checksums of copied parts, unlike S3 on AWS. The object can be written without checksums.
 */
export class CopyWithoutChecksumError extends Error {
  override readonly name = 'CopyWithoutChecksumError'

  constructor(bucket: string, key: string, options?: ErrorOptions) {
    super(`s3://${bucket}/${key}: the server has computed no SHA-256 of a copied part`, options)
  }
}

/** The body of a response has the wrong number of bytes, because the connection broke or the server has a fault. */
export class BodyCutError extends Error {
  override readonly name = 'BodyCutError'

  constructor(bucket: string, key: string, expected: number, actual: number) {
    super(`s3://${bucket}/${key}: expected ${expected} bytes, received ${actual}`)
  }
}
