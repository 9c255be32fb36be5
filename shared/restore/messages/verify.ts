import { z } from 'zod'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import { PinnedObject } from '../../objects/object.ts'

/** The index of the blob where a pass over a list of blobs continues. Passes over an extent use `ExtentCursor`. */
export const VerifyBlobsCursor = z.int()

const MEMBERS = {
  ...PassResult.shape,
  /** The number of resources that another writer changed after the restore. It is 0 for a list of blobs. */
  changed_since: z.int(),
  /** A file of `CHECK_RESULTS`. */
  checks: PinnedObject,
}

const VerifiedExtent = z
  .object({
    ...MEMBERS,
    model: z.string(),
    /** The digests of the extent's digest buckets, computed from the store. */
    digests: PinnedObject,
    /** The first digest bucket in `digests`. Absent if `digests` is empty. */
    first_bucket: z.exactOptional(z.string()),
  })
  .readonly()

const VerifiedBlobs = z.object({ ...MEMBERS, model: z.exactOptional(z.never()) }).readonly()

/** The result of a pass of `verify` over an extent of resources or over a list of blobs. */
export const VerifyResult = z.union([VerifiedExtent, VerifiedBlobs])
export type VerifyResult = z.output<typeof VerifyResult>
export const VERIFY: Stage<VerifyResult> = { name: 'verify', result: VerifyResult }
