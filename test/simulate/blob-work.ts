import type { BlobReferenceList, PrefixRange } from '../../shared/blobs/blob-reference-list.ts'
import { planPrefixRanges } from '../../shared/blobs/blob-references.ts'
import type { PassInput } from '../../shared/jobs/messages.ts'
import { type EXPORT_MERGE, REFERENCE_GROUPS } from '../../shared/jobs/reference-merge.ts'
import { must } from '../../shared/values/must.ts'
import { LATENCY, RESOURCE, WORKER } from './assumptions.ts'
import { attemptId, HAND_OVER_SECONDS, referencesOf } from './contents.ts'
import type { Use } from './flows.ts'
import { StateError } from './interpreter.ts'
import { JOB, passSeconds, type World } from './scenario.ts'

/** The blobs of one map item: a number of small blobs, and large blobs with their sizes. */
export class BlobShare {
  readonly small: number
  readonly large: readonly number[]

  constructor(small: number, large: readonly number[]) {
    this.small = small
    this.large = large
  }

  get count(): number {
    return this.small + this.large.length
  }

  get bytes(): number {
    return this.small * RESOURCE.blobBytes + this.large.reduce((sum, size) => sum + size, 0)
  }

  /** Returns the blobs of map item `n` of `count`. Each large blob belongs to another map item, if there are enough. */
  static of(world: World, n: number, count: number): BlobShare {
    const { smallBlobs, scenario } = world
    const border = (k: number): number => Math.round((k * smallBlobs) / count)
    const large = scenario.largeBlobs.filter(
      (_, k) => Math.floor(((k + 0.5) * count) / scenario.largeBlobs.length) === n,
    )
    return new BlobShare(border(n + 1) - border(n), large)
  }
}

/** What a pass does for each small blob. */
export interface SmallBlobWork {
  /** The number of lists of references that each pass reads. */
  readonly lists: number
  readonly perSecond: number
  readonly uses: readonly Use[]
}

interface Progress {
  smallLeft: number
  readonly largeLeft: number[]
  hashed: number
  copied: number
}

/** The parts of a large blob that are copied at the same time. */
const PARALLEL_PARTS = 3
/** The lists are read with 16 requests at the same time. */
const LIST_READS_PER_SECOND = 16 / LATENCY.s3

/** Reads a range of so many lists, with two requests for each. */
const readLists = async ({ flows, work }: World, lists: number): Promise<void> => {
  const uses = [{ capacity: work.reads, units: 1 }]
  const reads = { steps: 2 * lists, perSecond: LIST_READS_PER_SECOND, uses }
  if ((await flows.run(reads, HAND_OVER_SECONDS)) < reads.steps)
    throw new StateError('ThrottledError', 'the pass did not read the references to its blobs in time')
}

/** Returns the number of lists that contain references in a range of prefixes. */
export const overlapping = (lists: readonly BlobReferenceList[], { from, to }: PrefixRange): number =>
  lists.filter(({ prefixes }) => prefixes === undefined || (prefixes.from < to && from < prefixes.to)).length

/** Simulates a pass that merges the lists of a group. It reads and writes one merged list after the other. */
export const mergeListsOfGroup = async (
  world: World,
  round: typeof EXPORT_MERGE,
  { n, pass }: PassInput,
): Promise<{ readonly done: true }> => {
  const group = must((await world.workFiles.read(REFERENCE_GROUPS, JOB))[n])
  const perList = world.limits.seenBlobs
  const blobs = group.reduce((sum, list) => sum + list.blobs, 0)
  const ranges = planPrefixRanges(group, { payloads: perList, blobs: perList })
  const lists: BlobReferenceList[] = []
  for (const [k, prefixes] of ranges.entries()) {
    await readLists(world, group.length)
    const share = Math.floor(((k + 1) * blobs) / ranges.length) - Math.floor((k * blobs) / ranges.length)
    const key = `merged-references/${n}/${attemptId(n, pass)}-${k}`
    lists.push({ ...referencesOf(world, key, share, prefixes), prefixes })
  }
  world.jobs.keep(round.name, n, pass, { done: true, lists })
  return { done: true }
}

/** Runs passes over small and large blobs. A pass can end inside a large blob. */
export class LargeBlobs {
  readonly #world: World
  readonly #progress = new Map<number, Progress>()

  constructor(world: World) {
    this.#world = world
  }

  /** Runs a pass, and returns the blobs that it has finished. */
  async pass(
    n: number,
    { small, large }: BlobShare,
    work: SmallBlobWork,
    { hashes, copies }: { readonly hashes: boolean; readonly copies: boolean },
  ): Promise<{ readonly done: boolean; readonly finished: BlobShare }> {
    const { clock, flows, limits } = this.#world
    const seconds = passSeconds(this.#world)
    const start = clock.now
    const progress = this.#progress.get(n) ?? { smallLeft: small, largeLeft: [...large], hashed: 0, copied: 0 }
    this.#progress.set(n, progress)
    const left = (): number => Math.max(1, seconds - (clock.now - start))
    await readLists(this.#world, work.lists)
    const most = Math.ceil(limits.segmentBytes / RESOURCE.blobBytes)
    const written = Math.floor(
      await flows.run(
        { steps: Math.min(most, progress.smallLeft), perSecond: work.perSecond, uses: work.uses },
        left(),
      ),
    )
    progress.smallLeft -= written
    const finished: number[] = []
    while (progress.smallLeft === 0 && clock.now - start < seconds) {
      const size = progress.largeLeft[0]
      if (size === undefined) break
      if (hashes) progress.hashed += await this.#run(size - progress.hashed, this.#hashedBytes(size), left())
      if (hashes && progress.hashed < size) break
      if (copies)
        progress.copied += await this.#run(size - progress.copied, PARALLEL_PARTS * WORKER.copiedBytes, left())
      if (copies && progress.copied < size) break
      finished.push(size)
      progress.largeLeft.shift()
      progress.hashed = 0
      progress.copied = 0
    }
    const done = progress.smallLeft === 0 && progress.largeLeft.length === 0
    return { done, finished: new BlobShare(written, finished) }
  }

  #hashedBytes(size: number): number {
    return size >= this.#world.limits.largeBlobBytes ? WORKER.hashedInStepsBytes : WORKER.hashedBytes
  }

  #run(bytes: number, perSecond: number, seconds: number): Promise<number> {
    return this.#world.flows.run({ steps: bytes, perSecond, uses: [] }, seconds)
  }
}
