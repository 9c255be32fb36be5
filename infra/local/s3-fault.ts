import S3Error from '@20minutes/s3rver/lib/models/error.js'

// Codes that s3rver does not know would come out as 500.
const STATUS: Readonly<Record<string, number>> = {
  InvalidURI: 400,
  XAmzContentSHA256Mismatch: 400,
  MissingAuthenticationToken: 403,
  NoSuchUpload: 404,
}

/** An error as S3 answers it: `code` and the status that belongs to it, in XML. */
export function fault(code: string, message: string, detail: Readonly<Record<string, string | number>> = {}): S3Error {
  const error = new S3Error(code, message, detail)
  error.status = STATUS[code] ?? error.status
  return error
}

/** 412, naming the condition that did not hold. */
export function preconditionFailed(condition: string): S3Error {
  return fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  })
}

export function noSuchKey(key: string): S3Error {
  return fault('NoSuchKey', 'The specified key does not exist.', { Key: key })
}

export function noSuchUpload(uploadId: string): S3Error {
  return fault(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
  )
}
