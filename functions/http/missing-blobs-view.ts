import * as z from 'zod'
import { MISSING_BLOBS_HINT } from '../../shared/blobs/errors.ts'
import { ListedBlobs } from '../../shared/jobs/job-lists.ts'

/** Blobs that do not exist or cannot be read. */
export const MissingBlobsView = z
  .object({
    ...ListedBlobs.unwrap().shape,
    hint: z.exactOptional(z.string()).describe('What to do if an id in the list is not the id of a blob'),
  })
  .readonly()
  .meta({ id: 'MissingBlobs' })
type MissingBlobsView = z.output<typeof MissingBlobsView>

/**
 * Adds a hint to a list of missing blobs. The hint explains what to do if an id in the list is not the id of a blob.
 */
export const withHint = (missing: ListedBlobs): MissingBlobsView =>
  missing.count === 0 || areExplained(missing) ? missing : { ...missing, hint: MISSING_BLOBS_HINT }

/** Returns true if the list contains a reason for every blob, because all of the blobs exist but cannot be read. */
const areExplained = ({ count, referred_by = [] }: ListedBlobs): boolean =>
  referred_by.filter(({ reason }) => reason !== undefined).length === count
