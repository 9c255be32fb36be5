import type { S3Client } from '@aws-sdk/client-s3'

/** Returns true if a request of a middleware has headers. */
export const hasHeaders = (request: unknown): request is { readonly headers: Record<string, string> } =>
  typeof request === 'object' && request !== null && 'headers' in request

/**
 * Makes a client send the field `ExpiresString` of a request as the header `Expires`. S3 stores any string, but the SDK
 * accepts only a `Date` for this header. A second call for the same client has no effect.
 */
export const sendExpires = (client: S3Client): void => {
  client.middlewareStack.add(
    (next) => async (args) => {
      const expires = 'ExpiresString' in args.input ? args.input.ExpiresString : undefined
      if (typeof expires === 'string' && hasHeaders(args.request)) args.request.headers['expires'] = expires
      return next(args)
    },
    { step: 'build', name: 'sendExpires', override: true },
  )
}
