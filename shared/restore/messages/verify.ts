import { z } from 'zod'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import { PinnedObject } from '../../objects/object.ts'

/** The index of the blob where a pass over a list of blobs continues. Passes over an extent use `ExtentCursor`. */
export const VerifyBlobsCursor = z.int()

/** The result of a pass of `verify` over an extent of resources or over a list of blobs. */
export const VerifyResult = z
  .object({
    ...PassResult.shape,
    /** Absent for a list of blobs. */
    model: z.exactOptional(z.string()),
    /** The number of resources that another writer changed after the restore. */
    changed_since: z.int(),
    /** A file of `CHECK_RESULTS`. */
    checks: PinnedObject,
    /** The digests of the extent's digest buckets, computed from the store. Absent for a list of blobs. */
    digests: z.exactOptional(PinnedObject),
    /** The first digest bucket in `digests`. Absent if there are no digests. */
    first_bucket: z.exactOptional(z.string()),
  })
  .readonly()
export type VerifyResult = z.output<typeof VerifyResult>
export const VERIFY: Stage<VerifyResult> = { name: 'verify', result: VerifyResult }
