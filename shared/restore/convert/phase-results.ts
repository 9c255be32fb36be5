import type { JobStore } from '../../jobs/aws/job-store.ts'
import { allResults } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { PinnedObject } from '../../objects/object.ts'
import {
  CONVERT,
  type ConvertCursorOf,
  type ConvertResult,
  type ConvertResultOf,
  REMAINING_RUNS,
  SCANNED_BLOBS,
  type ScannedBlobs,
} from '../messages/convert.ts'

interface PhaseServices {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
}

/** Returns the results of one phase of the conversion. */
export const resultsOf = <Phase extends ConvertResult['phase']>(
  results: readonly ConvertResult[],
  phase: Phase,
): ConvertResultOf<Phase>[] => results.filter((result): result is ConvertResultOf<Phase> => result.phase === phase)

/** Returns the runs of records that remain after the merges so far. */
export const remainingRuns = async (
  { jobs, workFiles }: PhaseServices,
  jobId: string,
  { runs }: ConvertCursorOf<'merge' | 'records'>,
): Promise<readonly PinnedObject[]> => {
  if (runs !== undefined) return workFiles.readPinned(REMAINING_RUNS, runs)
  // Each merge stores the remaining runs in a file, so no merge has ended yet.
  return resultsOf(await allResults({ jobs }, jobId, CONVERT), 'scan').flatMap((scan) => scan.runs)
}

/** Returns what the scan has found about blobs and spilled payloads. */
export const scannedBlobs = async (
  { jobs, workFiles }: PhaseServices,
  jobId: string,
  { scanned }: ConvertCursorOf<'blobs'>,
): Promise<ScannedBlobs> => {
  if (scanned !== undefined) return workFiles.readPinned(SCANNED_BLOBS, scanned)
  const scans = resultsOf(await allResults({ jobs }, jobId, CONVERT), 'scan')
  return {
    lists: scans.map(({ references }) => references).filter(({ payloads, blobs }) => payloads + blobs > 0),
    runs: scans.flatMap(({ contents }) => contents ?? []),
    entries: scans.reduce(
      (sum, { content_count, references: { payloads, blobs } }) => sum + content_count + payloads + blobs,
      0,
    ),
  }
}
