import * as z from 'zod'
import { HashPosition } from '../../blobs/hash-in-steps.ts'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import { PinnedObject } from '../../objects/object.ts'

/** The position where a pass over a list of blobs continues. Passes over an extent use `ExtentCursor`. */
export const VerifyBlobsCursor = z
  .object({
    /** The index of a blob in the list. */
    next: z.int(),
    /** The position inside this blob. Absent if none of its bytes were read. */
    hash: z.exactOptional(HashPosition),
  })
  .readonly()
export type VerifyBlobsCursor = z.output<typeof VerifyBlobsCursor>

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
    /** The number of resources that the pass has gone over. Absent in results of earlier versions of the deployment. */
    resources: z.exactOptional(z.int()),
    /** The digests of the extent's digest buckets, computed from the store. */
    digests: PinnedObject,
    /** The first digest bucket in `digests`. Absent if `digests` is empty. */
    first_bucket: z.exactOptional(z.string()),
    /** A file of `PASS_DIFFERENCES`. Absent if the pass found no differences. */
    differences: z.exactOptional(PinnedObject),
  })
  .readonly()

const VerifiedBlobs = z
  .object({
    ...MEMBERS,
    model: z.exactOptional(z.never()),
    differences: z.exactOptional(z.never()),
    /** The number of blobs that the pass has checked. Spilled payloads are not counted. Absent as `resources`. */
    blobs: z.exactOptional(z.int()),
  })
  .readonly()

/** The result of a pass of `verify` over an extent of resources or over a list of blobs. */
export const VerifyResult = z.union([VerifiedExtent, VerifiedBlobs])
export type VerifyResult = z.output<typeof VerifyResult>
export const VERIFY: Stage<VerifyResult> = { name: 'verify', result: VerifyResult }
