import { decodeLine, recordKeyOf } from '../../archive/record-line.ts'
import { continueAt } from '../../jobs/cursor.ts'
import { allResults, type Attempt } from '../../jobs/pass.ts'
import { quote } from '../../values/message-text.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { PinnedObject } from '../../objects/object.ts'
import {
  CONVERT,
  type ConvertCursor,
  type ConvertCursorOf,
  type ConvertResult,
  type ConvertResultOf,
  SCAN_FAULTS,
  STREAM_FAULTS,
  type StreamFault,
} from '../messages/convert.ts'
import type { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'
import { CompleteResources } from './complete-resources.ts'
import { remainingRuns, resultsOf } from './phase-results.ts'
import { RecordsSegments } from './records-segments.ts'
import type { RunEntry } from './run-entry.ts'
import { RunMerge } from './run-merge.ts'
import type { ConvertServices } from './services.ts'

/** Runs one pass that merges the runs of records into segments. A pass ends between two digest buckets. */
export const convertRecords = async (
  attempt: Attempt,
  services: ConvertServices,
  { source, run_offsets }: ConvertCursorOf<'records'>,
): Promise<ConvertResultOf<'records'>> => {
  const results = await allResults(services, attempt.job_id, CONVERT)
  const runs = remainingRuns(results)
  const merge = await RunMerge.open(services.objects, runs, run_offsets)
  const segments = new RecordsSegments(attempt, services)
  const resources = new CompleteResources(await readScanFaults(services.workFiles, results))
  const finish = async (next: ConvertCursor): Promise<ConvertResultOf<'records'>> => {
    resources.end()
    return {
      ...continueAt(next),
      phase: 'records',
      segments: await segments.finish(),
      ...(await writeFaults(services.workFiles, attempt, resources.faults)),
    }
  }
  try {
    let previous: RunEntry | undefined
    for await (const entry of merge.entries()) {
      if (previous?.key.equals(entry.key) === true) {
        const fault = repeatedFault(previous, entry)
        if (fault !== undefined) resources.addFault(entry, fault)
      } else {
        const item = decodeLine(entry.body)
        const { kind, model, h } = recordKeyOf(item)
        if (kind === 'revision') {
          if (resources.addRevision(entry, item)) await segments.addRevision(item)
        } else {
          if (segments.isBucketBorder(model, h) && attempt.timeIsUp())
            return await finish({ phase: 'records', source, run_offsets: merge.offsets })
          resources.begin(entry, item)
          await segments.beginResource(model, h, item)
        }
      }
      previous = entry
    }
    return await finish({ phase: 'blobs', source, run_offsets: [], range: 0, from: '' })
  } catch (error) {
    await segments.abort()
    throw error
  }
}

/**
 * Compares two records with the same key, of which only the first is converted. Returns undefined if both are revisions
 * with the same content. This is allowed, because SpecStar's memory store exports migrated revisions twice. Otherwise,
 * returns the reason why the resource cannot be restored.
 */
const repeatedFault = (first: RunEntry, second: RunEntry): string | undefined => {
  const { kind, sk } = recordKeyOf(decodeLine(second.body))
  if (kind === 'metadata') return `the resource occurs twice, first at byte ${first.offset}`
  return first.body.equals(second.body)
    ? undefined
    : `revision ${quote(sk)} occurs twice with different content, first at byte ${first.offset}`
}

const readScanFaults = async (
  workFiles: WorkFiles,
  results: readonly ConvertResult[],
): Promise<UnrestorableResource[]> => {
  const all: UnrestorableResource[] = []
  for (const { faults } of resultsOf(results, 'scan'))
    if (faults !== undefined) for (const fault of await workFiles.readPinned(SCAN_FAULTS, faults)) all.push(fault)
  return all
}

const writeFaults = async (
  workFiles: WorkFiles,
  { job_id, attempt }: Attempt,
  faults: readonly StreamFault[],
): Promise<{ readonly faults?: PinnedObject }> =>
  faults.length === 0 ? {} : { faults: await workFiles.write(STREAM_FAULTS, faults, job_id, attempt) }
