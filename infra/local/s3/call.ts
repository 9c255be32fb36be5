import type { Reply, ReplyHeaders } from './http/reply.ts'
import type { S3Request } from './http/request.ts'
import type { CreationReason } from './object-created.ts'
import type { ChunkSigner } from './signing/chunk-signer.ts'
import type { ObjectVersion } from './storage/records.ts'
import type { Storage } from './storage/storage.ts'

/** A request whose signature is valid, and the objects with which an operation processes the request. */
export interface Call {
  readonly request: S3Request
  readonly signer: ChunkSigner
  readonly storage: Storage
  /** Publishes the event of a new object. An operation must call it as soon as the object can be read. */
  readonly onCreated: (bucket: string, key: string, version: ObjectVersion, reason: CreationReason) => void
}

/** Runs one operation of S3 and returns the response. Throws an `S3Error` to reject the request. */
export type Operation = (call: Call) => Promise<Reply> | Reply

/**
 * Returns the header `x-amz-version-id`. Like S3, returns no header if versioning was never configured for the bucket.
 */
export function versionHeaders(
  { request, storage }: Pick<Call, 'request' | 'storage'>,
  versionId: string | undefined,
): ReplyHeaders {
  if (versionId === undefined || storage.buckets.get(request.bucket).versioning === undefined) return {}
  return { 'x-amz-version-id': versionId }
}
