import { decodeLine, recordKeyOf } from '../../archive/record-line.ts'
import { continueAt } from '../../jobs/cursor.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { storeFinished } from '../../jobs/store-finished.ts'
import { abandon } from '../../objects/abandon.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { idHashOf } from '../../resources/keys.ts'
import type { Item } from '../../tables/item.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import {
  type ConvertCursor,
  type ConvertCursorOf,
  type ConvertResultOf,
  type LineCounts,
  REMAINING_RUNS,
  type ScanFault,
} from '../messages/convert.ts'
import { CompleteResources } from './complete-resources.ts'
import { decodeFault } from './fault-entry.ts'
import { FaultPages } from './fault-pages.ts'
import { remainingRuns } from './phase-results.ts'
import { bucketOf, RecordsSegments } from './records-segments.ts'
import type { RunEntry } from './run-entry.ts'
import { repeatedFault } from './repeated-fault.ts'
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
  const runs = await remainingRuns(services, attempt.job_id, cursor)
  const merge = await RunMerge.open(
    runs.map((run) => services.objects.sourceOf(run)),
    cursor.run_offsets,
  )
  return new RecordsPass(attempt, services, cursor, { runs, merge }).run()
}

/** A border between two digest buckets. */
interface Border {
  /** The offsets of the merge at the border. */
  readonly offsets: readonly number[]
  /** Removes everything that the pass has converted after the border. */
  readonly reset: () => Promise<void>
}

class RecordsPass {
  readonly #attempt: Attempt
  readonly #services: ConvertServices
  readonly #cursor: ConvertCursorOf<'records'>
  readonly #runs: readonly PinnedObject[]
  readonly #merge: RunMerge
  readonly #segments: RecordsSegments
  readonly #resources = new CompleteResources()
  readonly #pages: FaultPages
  /** The number of lines that were read, but are not written. */
  #omitted: LineCounts = { metadata: 0, revisions: 0 }
  #faultCount = 0
  /** The last border. */
  #border: Border | undefined

  constructor(
    attempt: Attempt,
    services: ConvertServices,
    cursor: ConvertCursorOf<'records'>,
    { runs, merge }: { readonly runs: readonly PinnedObject[]; readonly merge: RunMerge },
  ) {
    this.#attempt = attempt
    this.#services = services
    this.#cursor = cursor
    this.#runs = runs
    this.#merge = merge
    this.#segments = new RecordsSegments(attempt, services, segmentSizeFor(cursor.source.size, services.limits))
    this.#pages = new FaultPages(services.workFiles, attempt)
  }

  async run(): Promise<ConvertResultOf<'records'>> {
    try {
      return await this.#finish(await this.#convertOrHandOver())
    } catch (error) {
      await abandon(this.#segments)
      throw error
    }
  }

  /** Returns the offsets at which the next pass continues. Undefined if the pass has converted all records. */
  async #convertOrHandOver(): Promise<readonly number[] | undefined> {
    try {
      return await this.#convertEntries()
    } catch (error) {
      if (this.#border === undefined || !this.#attempt.mustHandOver(error)) throw error
      const { offsets, reset } = this.#border
      await reset()
      return offsets
    }
  }

  async #convertEntries(): Promise<readonly number[] | undefined> {
    let previous: RunEntry | undefined
    let bucket: string | undefined
    for await (const entry of this.#merge.entries()) {
      const fault = decodeFault(entry.body)
      if (fault === undefined && previous?.key.equals(entry.key) === true) this.#omitRepeated(previous, entry)
      else {
        const record = fault ?? recordOf(entry)
        const next = recordBucket(record)
        if (bucket !== undefined && bucket !== next) {
          await this.#reachBorder(record.model, next)
          if (this.#attempt.timeIsUp()) return this.#merge.offsets
        }
        bucket = next
        if ('item' in record) await this.#addRecord(record, entry)
        else this.#resources.addScanFault(record)
        await this.#addFaults()
      }
      previous = entry
    }
    await this.#endResource()
    return undefined
  }

  async #endResource(): Promise<void> {
    this.#resources.end()
    await this.#addFaults()
    await this.#segments.endResource()
  }

  async #addFaults(): Promise<void> {
    for (const fault of this.#resources.takeFaults()) {
      await this.#pages.add(fault)
      this.#faultCount += 1
    }
  }

  async #reachBorder(model: string, next: string): Promise<void> {
    await this.#endResource()
    // If the end of a segment is throttled, the pass cannot return to an earlier border, because that segment has
    // ended.
    this.#border = undefined
    await this.#segments.mark(model)
    const resetPages = this.#pages.mark()
    const [omitted, faultCount] = [this.#omitted, this.#faultCount]
    this.#border = {
      offsets: this.#merge.offsets,
      reset: async () => {
        resetPages()
        this.#omitted = omitted
        this.#faultCount = faultCount
        await this.#segments.reset(hexOf(next))
      },
    }
  }

  async #addRecord({ kind, model, h, item }: DecodedEntry, entry: RunEntry): Promise<void> {
    if (kind === 'revision') {
      if (this.#resources.addRevision(entry, item)) await this.#segments.addRevision(item)
      else this.#omit(kind)
      return
    }
    this.#resources.begin(entry, item)
    await this.#segments.beginResource(model, h, item)
  }

  /** Omits a record with the same key as the previous one. */
  #omitRepeated(previous: RunEntry, entry: RunEntry): void {
    const { kind, sk } = recordOf(entry)
    this.#omit(kind)
    const reason = repeatedFault(kind, sk, previous, entry)
    if (reason !== undefined) this.#resources.addFault(entry, reason)
  }

  #omit(kind: DecodedEntry['kind']): void {
    const { metadata, revisions } = this.#omitted
    this.#omitted = kind === 'metadata' ? { metadata: metadata + 1, revisions } : { metadata, revisions: revisions + 1 }
  }

  async #finish(offsets: readonly number[] | undefined): Promise<ConvertResultOf<'records'>> {
    const segments = await storeFinished(this.#attempt, () => this.#segments.finish())
    return whileStoring(async () => {
      const faults = await this.#pages.finish()
      return {
        ...continueAt(await this.#next(offsets)),
        phase: 'records',
        segments,
        omitted_lines: this.#omitted,
        ...(faults === undefined ? {} : { faults }),
        fault_count: this.#faultCount,
      }
    })
  }

  async #next(offsets: readonly number[] | undefined): Promise<ConvertCursor> {
    const { source, runs } = this.#cursor
    if (offsets === undefined) return { phase: 'blobs', source, run_offsets: [], range: 0, from: '' }
    const { job_id, attempt } = this.#attempt
    const list = runs ?? (await this.#services.workFiles.write(REMAINING_RUNS, this.#runs, job_id, attempt))
    return { ...this.#cursor, runs: list, run_offsets: offsets }
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
