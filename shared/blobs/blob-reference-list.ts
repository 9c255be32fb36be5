import { z } from 'zod'
import { PinnedObject } from '../objects/object.ts'

/**
 * An object in the work bucket that lists references to blobs and spilled payloads (`blob-references.ts`). `payloads`
 * and `blobs` are the numbers of references of each kind.
 */
export const BlobReferenceList = z.object({ object: PinnedObject, payloads: z.int(), blobs: z.int() }).readonly()
export type BlobReferenceList = z.output<typeof BlobReferenceList>
