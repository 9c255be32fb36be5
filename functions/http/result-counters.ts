import * as z from 'zod'
import { joinedItems } from '../../shared/export/joined-items.ts'
import { ACCOUNT_ITEMS, COMPOSE_PARTS, EXPORT_BLOBS, EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { PassResult } from '../../shared/jobs/pass.ts'
import { EXPORT_MERGE, mergedItems, PREFLIGHT_MERGE } from '../../shared/jobs/reference-merge.ts'
import { type Counts, type ResultCounter, resultCounter, sumCounts } from '../../shared/jobs/progress.ts'
import { APPLY_BLOBS, APPLY_RECORDS, ROLLBACK } from '../../shared/restore/messages/apply.ts'
import { CONVERT } from '../../shared/restore/messages/convert.ts'
import { PREFLIGHT } from '../../shared/restore/messages/preflight.ts'
import { PREFLIGHT_BLOBS } from '../../shared/restore/messages/preflight-blobs.ts'
import { VERIFY } from '../../shared/restore/messages/verify.ts'

const NOTHING: Counts = {}

/**
 * The members of the results of `export-blobs` that are counted. The segments are not parsed, because earlier versions
 * of the deployment store them differently, and their exports may still be running.
 */
const EXPORTED_BLOBS = {
  name: EXPORT_BLOBS.name,
  result: z.object({ ...PassResult.shape, blobs: z.int(), bytes: z.int(), missing: z.int() }),
}

const recordsIn = ({ resources, revisions }: { readonly resources: number; readonly revisions: number }): Counts => ({
  resources,
  revisions,
})

/** The counts of each phase of a job. `functions/API.md` describes them. */
export const RESULT_COUNTERS: readonly ResultCounter[] = [
  resultCounter(EXPORT_RECORDS, ({ segments, pieces }) => sumCounts([...segments, ...pieces].map(recordsIn))),
  resultCounter(
    EXPORTED_BLOBS,
    ({ blobs, bytes, missing }) => ({ blobs, bytes, missing }),
    (jobs, jobId) => mergedItems(jobs, jobId, EXPORT_MERGE),
  ),
  resultCounter(
    COMPOSE_PARTS,
    ({ parts }) => ({ bytes: parts.reduce((sum, { size }) => sum + size, 0) }),
    (jobs, jobId) => joinedItems(jobs, jobId),
  ),
  resultCounter(ACCOUNT_ITEMS, ({ counts }) => ({
    unaccounted: Object.values(counts).reduce((sum, count) => sum + count, 0),
  })),
  // Only the step `scan` counts records, because later steps of a conversion process the same records again.
  resultCounter(CONVERT, (result) => {
    if (result.phase === 'scan') return recordsIn(result)
    return result.phase === 'blobs' ? { blobs: result.blobs, bytes: result.bytes } : NOTHING
  }),
  resultCounter(PREFLIGHT, ({ extents }) =>
    sumCounts(
      extents.flatMap((extent) => {
        if (extent.dry_run === undefined) return [recordsIn(extent)]
        const { new: added, changed, same } = extent.dry_run
        return [recordsIn(extent), { new: added, changed, same }]
      }),
    ),
  ),
  resultCounter(
    PREFLIGHT_BLOBS,
    ({ blobs, bytes, missing, actions }) => ({
      blobs,
      bytes,
      missing,
      new: actions.new,
      changed: actions.changed,
      same: actions.same,
    }),
    (jobs, jobId) => mergedItems(jobs, jobId, PREFLIGHT_MERGE),
  ),
  resultCounter(APPLY_BLOBS, ({ written }) => ({ written })),
  resultCounter(APPLY_RECORDS, ({ loaded, skipped }) => ({ loaded, skipped })),
  resultCounter(VERIFY, (result) =>
    result.model === undefined ? { blobs: result.blobs ?? 0 } : { resources: result.resources ?? 0 },
  ),
  resultCounter(ROLLBACK, () => NOTHING),
]
