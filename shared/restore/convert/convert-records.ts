import { decodeLine, recordKeyOf } from '../../archive/record-line.ts'
import { continueAt } from '../../jobs/cursor.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { storeFinished } from '../../jobs/store-finished.ts'
import { abandon } from '../../objects/abandon.ts'
import { idHashOf } from '../../resources/keys.ts'
import type { Item } from '../../tables/item.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import { quote } from '../../values/message-text.ts'
import {
  type ConvertCursor,
  type ConvertCursorOf,
  type ConvertResultOf,
  REMAINING_RUNS,
  type ScanFault,
} from '../messages/convert.ts'
import { CompleteResources } from './complete-resources.ts'
import { decodeFault } from './fault-entry.ts'
import { FaultPages } from './fault-pages.ts'
import { remainingRuns } from './phase-results.ts'
import { bucketOf, RecordsSegments } from './records-segments.ts'
import type { RunEntry } from './run-entry.ts'
import { RunMerge } from './run-merge.ts'
import { segmentSizeFor } from './segment-size.ts'
import type { ConvertServices } from './services.ts'

/**
 * Runs one pass that merges the runs of records into segments. A pass ends between two digest buckets. If AWS throttles
 * it until its time is used up, it hands over the digest buckets that it has finished.
 */
export const convertRecords = async (
  attempt: Attempt,
  services: ConvertServices,
  cursor: ConvertCursorOf<'records'>,
): Promise<ConvertResultOf<'records'>> => {
  const { source, run_offsets } = cursor
  const { workFiles } = services
  const runs = await remainingRuns(services, attempt.job_id, cursor)
  const merge = await RunMerge.open(services.objects, runs, run_offsets)
  const segments = new RecordsSegments(attempt, services, segmentSizeFor(source.size, services.limits))
  const resources = new CompleteResources()
  const pages = new FaultPages(workFiles, attempt)
  const addFaults = async (): Promise<void> => {
    for (const fault of resources.takeFaults()) await pages.add(fault)
  }
  const cursorAt = async (offsets: readonly number[]): Promise<ConvertCursor> => ({
    ...cursor,
    runs: cursor.runs ?? (await workFiles.write(REMAINING_RUNS, runs, attempt.job_id, attempt.attempt)),
    run_offsets: offsets,
  })
  const finish = async (next: () => ConvertCursor | Promise<ConvertCursor>): Promise<ConvertResultOf<'records'>> => {
    const written = await storeFinished(attempt, () => segments.finish())
    return whileStoring(async () => {
      const faults = await pages.finish()
      return {
        ...continueAt(await next()),
        phase: 'records',
        segments: written,
        ...(faults === undefined ? {} : { faults }),
      }
    })
  }
  /** The last border between two digest buckets. */
  let border: { readonly offsets: readonly number[]; readonly reset: () => Promise<void> } | undefined
  const reachBorder = async (model: string, next: string): Promise<void> => {
    resources.end()
    await addFaults()
    await segments.endResource()
    // If the end of a segment is throttled, the pass cannot return to an earlier border, because that segment has ended.
    border = undefined
    await segments.mark(model)
    const resetPages = pages.mark()
    border = {
      offsets: merge.offsets,
      reset: async () => {
        resetPages()
        await segments.reset(hexOf(next))
      },
    }
  }
  /** Returns the cursor with which the next pass continues. */
  const convertEntries = async (): Promise<() => ConvertCursor | Promise<ConvertCursor>> => {
    let previous: RunEntry | undefined
    let bucket: string | undefined
    for await (const entry of merge.entries()) {
      const fault = decodeFault(entry.body)
      if (fault === undefined && previous?.key.equals(entry.key) === true) {
        const reason = repeatedFault(previous, entry)
        if (reason !== undefined) resources.addFault(entry, reason)
      } else {
        const record = fault ?? recordOf(entry)
        const next = recordBucket(record)
        if (bucket !== undefined && bucket !== next) {
          await reachBorder(record.model, next)
          if (attempt.timeIsUp()) {
            const { offsets } = merge
            return () => cursorAt(offsets)
          }
        }
        bucket = next
        if ('item' in record) await addRecord(record, entry, resources, segments)
        else resources.addScanFault(record)
        await addFaults()
      }
      previous = entry
    }
    resources.end()
    await addFaults()
    await segments.endResource()
    return () => ({ phase: 'blobs', source, run_offsets: [], range: 0, from: '' })
  }
  try {
    const next = await convertEntries().catch(async (error: unknown) => {
      if (border === undefined || !attempt.mustHandOver(error)) throw error
      const { offsets, reset } = border
      await reset()
      return () => cursorAt(offsets)
    })
    return await finish(next)
  } catch (error) {
    await abandon(segments)
    throw error
  }
}

interface DecodedEntry extends ReturnType<typeof recordKeyOf> {
  readonly item: Item
}

const recordOf = ({ body }: RunEntry): DecodedEntry => {
  const item = decodeLine(body)
  return { ...recordKeyOf(item), item }
}

/** Returns the digest bucket of a record or fault. A fault without an id precedes all buckets of its model. */
const recordBucket = (record: DecodedEntry | ScanFault): string =>
  bucketOf(record.model, 'item' in record ? record.h : record.id === '' ? '' : idHashOf(record.id))

/** Returns the hex digits of the digest bucket in a result of `recordBucket`. */
const hexOf = (bucket: string): string => bucket.slice(bucket.lastIndexOf('/') + 1)

const addRecord = async (
  { kind, model, h, item }: DecodedEntry,
  entry: RunEntry,
  resources: CompleteResources,
  segments: RecordsSegments,
): Promise<void> => {
  if (kind === 'revision') {
    if (resources.addRevision(entry, item)) await segments.addRevision(item)
    return
  }
  resources.begin(entry, item)
  await segments.beginResource(model, h, item)
}

/**
 * Compares two records with the same key. Only the first of them is converted. Returns undefined if both are revisions
 * with the same content, because SpecStar's memory store exports migrated revisions twice. Otherwise, returns the
 * reason why the resource cannot be restored.
 */
const repeatedFault = (first: RunEntry, second: RunEntry): string | undefined => {
  const { kind, sk } = recordKeyOf(decodeLine(second.body))
  if (kind === 'metadata') return `the resource occurs twice, first at byte ${first.offset}`
  return first.body.equals(second.body)
    ? undefined
    : `revision ${quote(sk)} occurs twice with different content, first at byte ${first.offset}`
}
