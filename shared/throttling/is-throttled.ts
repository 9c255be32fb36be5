import { isThrottlingError } from '@smithy/core/retry'

/**
 * The end of a name such as `KMS.ThrottlingException`. S3 and DynamoDB call KMS to encrypt data, and can return its
 * errors with a prefix. The SDK recognizes only the names without a prefix.
 */
const PREFIXED_NAME = /\.(?:Throttling|ThrottlingException|ThrottledException|RequestLimitExceeded|SlowDown)$/

/** The messages of errors that have a general name, such as `ServiceUnavailable` of S3. */
const MESSAGE = /reduce your (?:request )?rate|exceeded the rate|rate exceeded/i

/**
 * S3 responds with 503 if it receives too many requests. The response to a HEAD request contains no name and no
 * message.
 */
const S3_THROTTLED_STATUS = 503

/**
 * Returns true if AWS rejected a call because of its rate. The same call can succeed later. `service` is the service
 * that was called, such as `S3`.
 */
export const isThrottled = (error: unknown, service: string): error is Error =>
  isError(error) &&
  (isThrottlingError(error) ||
    PREFIXED_NAME.test(error.name) ||
    MESSAGE.test(error.message) ||
    (service === 'S3' && error.$metadata?.httpStatusCode === S3_THROTTLED_STATUS))

type SdkError = Parameters<typeof isThrottlingError>[0]

/** Errors of the SDK have further members, all of which are optional. */
const isError = (error: unknown): error is SdkError => error instanceof Error
