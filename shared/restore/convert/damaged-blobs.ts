import { ArchiveInvalidError } from '../../archive/errors.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { quote } from '../../values/message-text.ts'
import { compareBytes } from '../../values/text-order.ts'
import {
  type ConvertedArchive,
  type ConvertResultOf,
  DAMAGED_BLOBS,
  type ScanFault,
  type StreamFault,
} from '../messages/convert.ts'
import { FaultPages } from './fault-pages.ts'

/** The largest number of damaged blobs in a stream. Each pass of `preflight` holds all of them in memory. */
const MAX_DAMAGED_BLOBS = 100_000

interface DamagedBlob {
  readonly position: string
  readonly blob: ScanFault
  /** True if a payload of the stream refers to the blob. */
  readonly isReferenced: boolean
}

/** Collects the blobs that one pass has found to be damaged. */
export class DamagedBlobs {
  readonly #blobs: DamagedBlob[] = []

  /** Throws `ArchiveInvalidError` if there are too many. */
  add(damaged: DamagedBlob): void {
    this.#blobs.push(damaged)
    checkCount(this.#blobs.length, damaged.blob)
  }

  /**
   * Writes the damaged blobs that the pass has converted: those whose position is less than `end`, the first position
   * that it has not converted. If `end` is undefined, writes all. The next pass begins at `end` and finds the others
   * again.
   *
   * If no payload refers to a damaged blob, its id may be damaged, so a resource that needs it cannot be named. Such a
   * blob is written as the fault of an unknown resource.
   */
  async write(
    workFiles: WorkFiles,
    attempt: Attempt,
    end: string | undefined,
  ): Promise<Pick<ConvertResultOf<'blobs'>, 'damaged' | 'faults'>> {
    const found = this.#blobs.filter(({ position }) => end === undefined || position < end)
    const referenced = found.flatMap(({ blob, isReferenced }) => (isReferenced ? [blob] : []))
    const pages = new FaultPages(workFiles, attempt)
    // A page contains faults of one model. Sorting by model avoids thousands of pages with one fault each.
    const unreferenced = found.filter(({ isReferenced }) => !isReferenced).map(({ blob }) => blob)
    for (const blob of unreferenced.sort((a, b) => compareBytes(a.model, b.model)))
      await pages.add(faultOfUnknownResource(blob))
    const faults = await pages.finish()
    return {
      ...(referenced.length === 0
        ? {}
        : { damaged: await workFiles.write(DAMAGED_BLOBS, referenced, attempt.job_id, attempt.attempt) }),
      ...(faults === undefined ? {} : { faults }),
    }
  }
}

const faultOfUnknownResource = ({ model, reason, corrupt }: ScanFault): StreamFault => ({
  resource: { model, resource_id: '', reason },
  has_metadata: false,
  ...(corrupt === undefined ? {} : { corrupt }),
})

/** Throws `ArchiveInvalidError` if `count` is too large. `last` is the damaged blob that was found last. */
const checkCount = (count: number, last: ScanFault): void => {
  if (count > MAX_DAMAGED_BLOBS)
    throw new ArchiveInvalidError(
      `more than ${MAX_DAMAGED_BLOBS} blobs of the stream are damaged; the one found last is ${quote(last.id)}: ` +
        last.reason,
    )
}

/**
 * Writes a file with the damaged blobs of the whole stream. Returns an object with the member `damaged_blobs`, which
 * refers to the file. If no blob is damaged, writes no file and returns an empty object.
 */
export const collectDamagedBlobs = async (
  workFiles: WorkFiles,
  { job_id, attempt }: Pick<Attempt, 'job_id' | 'attempt'>,
  results: readonly ConvertResultOf<'blobs'>[],
): Promise<Pick<ConvertedArchive, 'damaged_blobs'>> => {
  const all: ScanFault[] = []
  for (const { damaged } of results)
    for (const blob of damaged === undefined ? [] : await workFiles.readPinned(DAMAGED_BLOBS, damaged)) {
      all.push(blob)
      checkCount(all.length, blob)
    }
  if (all.length === 0) return {}
  return { damaged_blobs: await workFiles.write(DAMAGED_BLOBS, all, job_id, `all-${attempt}`) }
}
