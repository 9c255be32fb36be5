import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'

/** What is to become of a blob: `changed` replaces other bytes under the same id, `conflict` leaves them (`skip`). */
export type BlobAction = 'new' | 'changed' | 'same' | 'conflict'

/** A blob (or spilled payload) that resources to be written refer to: where its bytes lie, and what the target has. */
export interface RestoredBlob {
  readonly kind: 'payload' | 'blob'
  /** The file id; for a payload its SHA-256. */
  readonly id: string
  /** Of the content, from the start of the archive. */
  readonly offset: number
  readonly size: number
  readonly sha256: string
  readonly content_type?: string
  readonly action: BlobAction
  readonly models: readonly string[]
}

/** Writes a list of blobs to the work bucket. */
export const writeBlobList = (
  { objects, config }: Services,
  key: string,
  blobs: readonly RestoredBlob[],
): Promise<PinnedObject> => objects.putJson(config.buckets.work, key, blobs)

export const readBlobList = async ({ objects }: Services, list: PinnedObject): Promise<RestoredBlob[]> =>
  JSON.parse((await objects.readBytes(list, 0, list.size)).toString()) as RestoredBlob[]
