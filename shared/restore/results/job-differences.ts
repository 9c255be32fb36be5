import { pMapIterable } from 'p-map'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import * as z from 'zod'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import { allResults } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import type { PinnedObject } from '../../objects/object.ts'
import {
  DIFFERENCE_GROUPS,
  type DifferenceGroup,
  type DifferencePage,
  FIRST_DIFFERENCES,
  type FirstDifferences,
  JOB_DIFFERENCES,
  PASS_DIFFERENCES,
} from '../messages/differences.ts'
import { PREFLIGHT } from '../messages/preflight.ts'
import { VERIFY } from '../messages/verify.ts'

export interface DifferenceStores {
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/** The number of ids of each group in the answer of a job. */
const FIRST_IDS = 1_000
/** The number of lists that are read at the same time. A large job has as many lists as passes. */
const PARALLEL_READS = 16

/**
 * Joins the lists of differences that the passes have written. If there are differences, writes the list of all pages,
 * and the first ids of each group. Returns the number of resources of each group. A group without resources is absent.
 */
export const joinDifferences = async (
  services: DifferenceStores & { readonly jobs: JobStore },
  jobId: string,
): Promise<Readonly<Partial<Record<DifferenceGroup, number>>>> => {
  const { workFiles } = services
  const results = [
    ...(await allResults(services, jobId, PREFLIGHT)),
    ...(await allResults(services, jobId, VERIFY)),
  ].flatMap(listOf)
  const pages: DifferencePage[] = []
  const lists = pMapIterable(results, (list) => workFiles.readPinned(PASS_DIFFERENCES, list), {
    concurrency: PARALLEL_READS,
    backpressure: PARALLEL_READS,
  })
  for await (const list of lists) pages.push(...list)
  if (pages.length === 0) return {}
  const first = await firstDifferences(services, jobId, pages)
  await workFiles.write(
    JOB_DIFFERENCES,
    DIFFERENCE_GROUPS.flatMap((group) => pagesOf(pages, group)),
    jobId,
  )
  await workFiles.write(FIRST_DIFFERENCES, first, jobId)
  return Object.fromEntries(Object.entries(first).map(([group, { count }]) => [group, count]))
}

const listOf = (result: { readonly differences?: PinnedObject }): PinnedObject[] =>
  result.differences === undefined ? [] : [result.differences]

const pagesOf = (pages: readonly DifferencePage[], group: DifferenceGroup): DifferencePage[] =>
  pages.filter((page) => page.group === group)

const firstDifferences = async (
  services: DifferenceStores,
  jobId: string,
  pages: readonly DifferencePage[],
): Promise<FirstDifferences> => {
  const first: { -readonly [Group in DifferenceGroup]?: FirstDifferences[Group] } = {}
  for (const group of DIFFERENCE_GROUPS) {
    const own = pagesOf(pages, group)
    if (own.length === 0) continue
    const resources: { readonly model: string; readonly resource_id: string }[] = []
    for (const page of own) {
      if (resources.length >= FIRST_IDS) break
      for (const resource_id of (await readDifferencePage(services, jobId, page)) ?? [])
        if (resources.length < FIRST_IDS) resources.push({ model: page.model, resource_id })
    }
    first[group] = { count: own.reduce((sum, { count }) => sum + count, 0), resources }
  }
  return first
}

const zstdDecompress = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)
const Ids = z.array(z.string())

/** The limit on the size of a page, in bytes. In JSON, the longest id has 1,532 bytes, because of its escapes. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024

/** Returns the ids of a page, or undefined if the page was deleted. */
export const readDifferencePage = async (
  { objects, workFiles }: DifferenceStores,
  jobId: string,
  { name }: DifferencePage,
): Promise<readonly string[] | undefined> => {
  const bytes = await objects.getBytes(workFiles.bucket, workFiles.key(jobId, name))
  if (bytes === undefined) return undefined
  return Ids.parse(JSON.parse((await zstdDecompress(bytes, { maxOutputLength: MAX_PAGE_BYTES })).toString()))
}
