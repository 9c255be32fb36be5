import type { Reply, ReplyHeaders } from './http/reply.ts'
import type { S3Request } from './http/request.ts'
import type { CreationReason } from './object-created.ts'
import type { ChunkSigner } from './signing/chunk-signer.ts'
import type { ObjectVersion } from './storage/records.ts'
import type { Storage } from './storage/storage.ts'

/** A request whose signature is valid, and everything that an operation needs to answer it. */
export interface Call {
  readonly request: S3Request
  readonly signer: ChunkSigner
  readonly storage: Storage
  /** Must be called after a new object can be read. */
  readonly onCreated: (bucket: string, key: string, version: ObjectVersion, reason: CreationReason) => void
}

/** One operation of S3. Throws an `S3Error` to reject the request. */
export type Operation = (call: Call) => Promise<Reply> | Reply

/** `x-amz-version-id`, which S3 sends only for buckets on which versioning has been configured. */
export function versionHeaders(
  { request, storage }: Pick<Call, 'request' | 'storage'>,
  versionId: string | undefined,
): ReplyHeaders {
  if (versionId === undefined || storage.buckets.get(request.bucket).versioning === undefined) return {}
  return { 'x-amz-version-id': versionId }
}
