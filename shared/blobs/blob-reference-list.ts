import * as z from 'zod'
import { PinnedObject } from '../objects/object.ts'

/** A range of prefixes of positions (`blob-references.ts`). `from` is inclusive, and `to` is exclusive. */
export const PrefixRange = z.object({ from: z.int(), to: z.int() }).readonly()
export type PrefixRange = z.output<typeof PrefixRange>

/**
 * An object in the work bucket that lists references to blobs and spilled payloads (`blob-references.ts`). `payloads`
 * and `blobs` are the numbers of references of each kind. If `prefixes` is present, all references are in this range.
 */
export const BlobReferenceList = z
  .object({ object: PinnedObject, payloads: z.int(), blobs: z.int(), prefixes: z.exactOptional(PrefixRange) })
  .readonly()
export type BlobReferenceList = z.output<typeof BlobReferenceList>
