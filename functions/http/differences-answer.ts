import * as z from 'zod'
import type { OpenArchive } from '../../shared/archive/archive.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { JobStateError } from '../../shared/jobs/errors.ts'
import { hasEnded, type Job, statusAt } from '../../shared/jobs/job.ts'
import { metadataSortKey } from '../../shared/resources/keys.ts'
import { DifferencesExpiredError } from '../../shared/restore/errors.ts'
import { type CompareServices, currentDifferences } from '../../shared/restore/differences/current-differences.ts'
import { listDifferences, type LocatedDifference } from '../../shared/restore/differences/list-differences.ts'
import { RESTORE_PLAN } from '../../shared/restore/messages/inspect.ts'
import type { DifferenceStores } from '../../shared/restore/results/job-differences.ts'
import { bytesInResponse } from '../../shared/values/response-size.ts'
import { compareBytes } from '../../shared/values/text-order.ts'
import type { Answer } from './answer.ts'
import { DetailedDifference, detailedDifference } from './detailed-difference.ts'
import type { DifferencesParameters } from './differences-parameters.ts'
import { runningAnswer } from './job-answers.ts'
import { findJob, type JobViewServices } from './job-view.ts'

/** The response of `GET /_backup/jobs/{job_id}/differences`. */
export const DifferencesAnswer = z
  .object({
    differences: z.array(DetailedDifference).readonly(),
    cursor: z
      .exactOptional(z.string())
      .describe('The value of the parameter `cursor` for the next page. The last page has no cursor'),
  })
  .readonly()
  .meta({ id: 'DifferencePage' })
export type DifferencesAnswer = z.output<typeof DifferencesAnswer>

/** The largest number of resources on a page with fields. */
const MAX_COMPARED = 100
/** The size after which a page with fields ends, in bytes of the response. A Lambda response is limited to 6 MB. */
const PAGE_BYTES = 1024 * 1024
/** The time after which a page with fields ends. API Gateway ends a request after 30 seconds. */
const PAGE_MS = 15_000

type DifferencesServices = JobViewServices & DifferenceStores & CompareServices

/**
 * Returns a page of the differences that a dry run or a restore has found. While the job is running, returns the job
 * (`202`). Throws `JobStateError` if the job has no differences, because it is an export or did not compare the archive
 * with the store.
 */
export const differencesAnswer = async (
  { jobId, detail, limit, ...selection }: DifferencesParameters,
  services: DifferencesServices,
): Promise<Answer> => {
  const job = await findJob(services, jobId)
  const now = services.clock()
  if (job.kind !== 'restore') throw withoutDifferences(job, now, 'is not a restore, so it has no differences')
  if (!hasEnded(job, now)) return runningAnswer(services, job)
  if (job.result === undefined)
    throw withoutDifferences(job, now, 'ended before it had compared the archive with the store')
  if (job.result.differences === undefined)
    throw withoutDifferences(job, now, 'ran in an earlier version, which did not list differences; start a new dry run')
  const isCompared = detail === 'fields'
  const options = { ...selection, limit: isCompared ? Math.min(limit, MAX_COMPARED) : limit }
  const listed = await listDifferences(services, job, options)
  const last = listed.at(-1)
  const body: DifferencesAnswer = isCompared
    ? await comparedPage(services, jobId, listed)
    : page(
        listed.map(({ difference }) => difference),
        last,
      )
  return { status: 200, body }
}

const withoutDifferences = (job: Job, now: Date, reason: string): JobStateError =>
  new JobStateError(job.job_id, statusAt(job, now), reason)

const page = (differences: readonly DetailedDifference[], last: LocatedDifference | undefined): DifferencesAnswer => ({
  differences,
  ...(last?.next === undefined ? {} : { cursor: last.next }),
})

/** Compares the changed resources with the store as it is now. The page may end before the last listed difference. */
const comparedPage = async (
  services: DifferencesServices,
  jobId: string,
  listed: readonly LocatedDifference[],
): Promise<DifferencesAnswer> => {
  const deadline = performance.now() + PAGE_MS
  const compared: DetailedDifference[] = []
  let bytes = 0
  let archive: ReturnType<typeof openArchive> | undefined
  const isFull = (): boolean => bytes >= PAGE_BYTES || performance.now() >= deadline
  for (const run of runsOf(listed)) {
    const differences = run.map(({ difference }) => difference)
    const [first] = differences
    if (first === undefined || (compared.length > 0 && isFull())) break
    if (first.group !== 'changed') {
      compared.push(...differences)
      continue
    }
    archive ??= openPinned(services, jobId)
    const options = { deadline, isFirst: compared.length === 0 }
    const own = await comparedRun(services, await archive, differences, options, (difference) => {
      bytes += bytesInResponse(difference)
      return isFull()
    })
    compared.push(...own)
    if (own.length < run.length) break
  }
  return page(compared, listed[compared.length - 1])
}

/**
 * Compares changed resources of one model, and returns the first of them. If `isFirst` is true, returns at least one.
 * Calls `isFull` with each compared resource. The resources are compared in the order of the archive, whatever their
 * order in the list. A resource that the comparison has passed without returning it is `not_compared`.
 */
const comparedRun = async (
  services: DifferencesServices,
  archive: OpenArchive,
  run: readonly LocatedDifference['difference'][],
  { deadline, isFirst }: { readonly deadline: number; readonly isFirst: boolean },
  isFull: (difference: DetailedDifference) => boolean,
): Promise<readonly DetailedDifference[]> => {
  const [first] = run
  if (first === undefined) return []
  const compared = new Map<string, DetailedDifference>()
  let passed = ''
  const isPassed = (id: string): boolean => compareBytes(metadataSortKey(id), passed) <= 0
  let isCut = false
  const ids = run.map(({ resource_id }) => resource_id)
  for await (const [resource_id, current] of currentDifferences(services, archive, first.model, ids, deadline)) {
    // The next page begins with this resource, and has more time for it.
    isCut = current.now === 'not_compared' && (!isFirst || isPassed(first.resource_id))
    if (isCut) break
    const difference = detailedDifference({ ...first, resource_id }, current)
    compared.set(resource_id, difference)
    passed = metadataSortKey(resource_id)
    isCut = isFull(difference) && isPassed(first.resource_id)
    if (isCut) break
  }
  const end = isCut ? run.findIndex(({ resource_id }) => !isPassed(resource_id)) : -1
  const finished = end === -1 ? run : run.slice(0, end)
  return finished.map((difference) => compared.get(difference.resource_id) ?? { ...difference, now: 'not_compared' })
}

/** Divides a list into runs of differences with the same group and model. */
const runsOf = (listed: readonly LocatedDifference[]): LocatedDifference[][] => {
  const runs: LocatedDifference[][] = []
  for (const one of listed) {
    const run = runs.at(-1)
    const previous = run?.at(-1)?.difference
    if (previous?.group === one.difference.group && previous.model === one.difference.model) run?.push(one)
    else runs.push([one])
  }
  return runs
}

/** Opens the archive in the version that the job has compared. */
const openPinned = async (services: DifferenceStores, jobId: string): ReturnType<typeof openArchive> => {
  const plan = await services.workFiles.find(RESTORE_PLAN, jobId)
  if (plan === undefined) throw new DifferencesExpiredError(jobId)
  return openArchive(services.objects.sourceOf(plan.archive))
}
