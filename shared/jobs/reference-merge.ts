import * as z from 'zod'
import { BlobReferenceList, type PrefixRange } from '../blobs/blob-reference-list.ts'
import { planPrefixRanges, readBlobReferences, writeBlobReferences } from '../blobs/blob-references.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { JobStore } from './aws/job-store.ts'
import type { Limits } from './limits.ts'
import type { PassInput } from './messages.ts'
import { allResults, type Attempt, PassResult } from './pass.ts'
import type { ResultStore } from './progress.ts'
import type { ResultName, Stage } from './stage.ts'
import type { WorkFile, WorkFiles } from './work-files.ts'

/*
 * Each pass that reads records writes a list of references to blobs. Each pass that reads blobs needs a range of all
 * lists. If there are many lists, reading all of them in every pass would take time in proportion to the product of the
 * numbers of passes. Therefore, the stage that reads blobs first runs a round that merges the lists:
 *
 * - The planner divides the lists into at most `listsPerPass` groups of consecutive lists. Each group is a map item.
 * - Each map item merges the lists of its group into a few lists of `seenBlobs` references, each with its own range of
 *   prefixes.
 *
 * In the next round, a pass usually reads its range from one list of each group, or from two lists if the range
 * contains a border between them.
 */

/** Written by the planner of a round that merges lists. The lists of each group are merged by one map item. */
export const REFERENCE_GROUPS: WorkFile<readonly (readonly BlobReferenceList[])[]> = {
  name: () => 'reference-groups.json',
  content: z.array(z.array(BlobReferenceList).readonly()).readonly(),
}

/** The result of a pass that merges lists. The lists of all passes of a map item have different prefixes. */
const MergeResult = z.object({ ...PassResult.shape, lists: z.array(BlobReferenceList).readonly() }).readonly()
type MergeResult = z.output<typeof MergeResult>

/** A round that merges lists. Its results are stored under its own name. */
type MergeRound = Stage<MergeResult, ResultName>
/** The round of `export-blobs` that merges lists. */
export const EXPORT_MERGE: MergeRound = { name: 'export-blobs-merge', result: MergeResult }
/** The round of `preflight-blobs` that merges lists. */
export const PREFLIGHT_MERGE: MergeRound = { name: 'preflight-blobs-merge', result: MergeResult }

const mergedName = (n: number, attempt: string, index: number): string => `merged-references/${n}/${attempt}-${index}`

interface PlanServices {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
  readonly limits: Pick<Limits, 'listsPerPass'>
}

/**
 * Returns the lists from which the passes of a stage read. If there are more than `listsPerPass`, and they are not
 * merged yet, returns the number of map items that merge them.
 */
export const planLists = async (
  services: PlanServices,
  jobId: string,
  round: MergeRound,
  all: readonly BlobReferenceList[],
): Promise<{ readonly lists: readonly BlobReferenceList[] } | { readonly merges: number }> => {
  const lists = all.filter(isNotEmpty)
  const { listsPerPass } = services.limits
  if (lists.length <= listsPerPass) return { lists }
  const groups = await services.workFiles.writeOnce(REFERENCE_GROUPS, groupsOf(lists, listsPerPass), jobId)
  const results = await allResults(services, jobId, round)
  if (results.filter(({ done }) => done).length < groups.length) return { merges: groups.length }
  return { lists: results.flatMap((result) => result.lists) }
}

const isNotEmpty = ({ payloads, blobs }: BlobReferenceList): boolean => payloads + blobs > 0

/** Divides lists into at most `most` groups of consecutive lists. All groups have about the same number of lists. */
const groupsOf = (lists: readonly BlobReferenceList[], most: number): BlobReferenceList[][] => {
  const perGroup = Math.ceil(lists.length / most)
  const count = Math.ceil(lists.length / perGroup)
  return Array.from({ length: count }, (_, k) => lists.slice(k * perGroup, (k + 1) * perGroup))
}

/** Returns the number of finished map items that have merged lists. The progress of the stage counts them, too. */
export const mergedItems = async (jobs: ResultStore, jobId: string, round: MergeRound): Promise<number> => {
  let items = 0
  for await (const { result } of jobs.results(jobId, round)) if (result.done) items += 1
  return items
}

const CURSOR = 'merge/'

/**
 * Returns true if the cursor is that of a pass that merges lists. Such a pass belongs to the merging round even if the
 * plan of the next round exists, because it may be a late attempt. The first pass of a map item has no cursor. Its late
 * attempt works on the item of the next round with the same number, or fails if there is no such item.
 */
export const isMergeCursor = ({ cursor }: PassInput): boolean => cursor?.startsWith(CURSOR) === true

/**
 * Runs one pass of a map item that merges lists. If AWS throttles the pass until its time is used up, it hands over the
 * lists that it has written.
 */
export const mergeLists = async (
  attempt: Attempt,
  {
    objects,
    workFiles,
    limits,
  }: {
    readonly objects: ObjectStore
    readonly workFiles: WorkFiles
    readonly limits: Pick<Limits, 'seenBlobs'>
  },
): Promise<MergeResult> => {
  const { job_id, n, cursor, timeIsUp, mustHandOver } = attempt
  const group = (await workFiles.read(REFERENCE_GROUPS, job_id))[n]
  if (group === undefined) throw new Error(`job ${job_id} has no group ${n} of lists of blob references`)
  const perList = Math.max(1, limits.seenBlobs)
  const ranges = planPrefixRanges(group, { payloads: perList, blobs: perList })
  const start = Number(cursor?.slice(CURSOR.length) ?? 0)
  const lists: BlobReferenceList[] = []
  const merge = async (index: number, prefixes: PrefixRange): Promise<void> => {
    const references = await readBlobReferences(objects, group, prefixes)
    const key = workFiles.key(job_id, mergedName(n, attempt.attempt, index))
    if (references.length === 0) return
    lists.push({ ...(await writeBlobReferences(objects, workFiles.bucket, key, references)), prefixes })
  }
  for (const [index, prefixes] of ranges.entries()) {
    if (index < start) continue
    const next = { done: false, cursor: `${CURSOR}${index}`, lists }
    if (index > start && timeIsUp()) return next
    try {
      await merge(index, prefixes)
    } catch (error) {
      if (index === start || !mustHandOver(error)) throw error
      return next
    }
  }
  return { done: true, lists }
}
