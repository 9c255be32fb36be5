import { z } from 'zod'
import { PinnedObject } from '../objects/object.ts'

/** A list of blob references in the work bucket, and its number of entries of each kind. */
export const BlobReferenceList = z.object({ object: PinnedObject, payloads: z.int(), blobs: z.int() }).readonly()
export type BlobReferenceList = z.output<typeof BlobReferenceList>
