import { decodeLine, recordKeyOf } from '../../archive/record-line.ts'
import { continueAt } from '../../jobs/cursor.ts'
import { allResults, type Attempt } from '../../jobs/pass.ts'
import { invalidRecord, repeatedResource } from '../../specstar/errors.ts'
import { quote } from '../../values/message-text.ts'
import { CONVERT, type ConvertCursor, type ConvertCursorOf, type ConvertResultOf } from '../messages/convert.ts'
import { CompleteResources } from './complete-resources.ts'
import { remainingRuns } from './phase-results.ts'
import { RecordsSegments } from './records-segments.ts'
import type { RunEntry } from './run-entry.ts'
import { RunMerge } from './run-merge.ts'
import type { ConvertStores } from './stores.ts'

/** Runs one pass that merges the runs of records into segments. A pass ends between two digest buckets. */
export const convertRecords = async (
  attempt: Attempt,
  stores: ConvertStores,
  { source, run_offsets }: ConvertCursorOf<'records'>,
): Promise<ConvertResultOf<'records'>> => {
  const runs = remainingRuns(await allResults(stores, attempt.job_id, CONVERT))
  const merge = await RunMerge.open(stores.objects, runs, run_offsets)
  const segments = new RecordsSegments(attempt, stores)
  const resources = new CompleteResources()
  const finish = async (next: ConvertCursor): Promise<ConvertResultOf<'records'>> => ({
    ...continueAt(next),
    phase: 'records',
    segments: await segments.finish(),
  })
  try {
    let previous: RunEntry | undefined
    for await (const entry of merge.entries()) {
      if (previous?.key.equals(entry.key) === true) checkRepeated(previous, entry)
      else {
        const item = decodeLine(entry.body)
        const { kind, model, h } = recordKeyOf(item)
        if (kind === 'revision') {
          resources.addRevision(entry, item)
          await segments.addRevision(item)
        } else {
          resources.begin(entry, item)
          if (segments.isBucketBorder(model, h) && attempt.timeIsUp())
            return await finish({ phase: 'records', source, run_offsets: merge.offsets })
          await segments.beginResource(model, h, item)
        }
      }
      previous = entry
    }
    resources.end()
    return await finish({ phase: 'blobs', source, run_offsets: [], range: 0, from: '' })
  } catch (error) {
    await segments.abort()
    throw error
  }
}

/**
 * Leaves out repeated records. SpecStar's memory store exports migrated revisions twice, with the same content. Throws
 * if two records with the same key have different content.
 */
const checkRepeated = (first: RunEntry, second: RunEntry): void => {
  const { kind, id, sk } = recordKeyOf(decodeLine(second.body))
  if (kind === 'metadata') throw repeatedResource(second, id, first)
  if (!first.body.equals(second.body))
    throw invalidRecord(
      second,
      `revision ${quote(sk)} occurs twice with different content, first at byte ${first.offset}`,
    )
}
