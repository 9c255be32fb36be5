import * as z from 'zod'
import type { OpenArchive } from '../../shared/archive/archive.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { JobStateError } from '../../shared/jobs/errors.ts'
import { hasEnded, type Job, statusAt } from '../../shared/jobs/job.ts'
import { fieldChange, type FieldChange } from '../../shared/differences/field-change.ts'
import { FieldValue } from '../../shared/differences/field-value.ts'
import { metadataSortKey } from '../../shared/resources/keys.ts'
import { DifferencesExpiredError } from '../../shared/restore/errors.ts'
import {
  type CompareServices,
  currentDifferences,
  type CurrentDifference,
} from '../../shared/restore/differences/current-differences.ts'
import { listDifferences, type LocatedDifference } from '../../shared/restore/differences/list-differences.ts'
import { DifferenceGroup } from '../../shared/restore/messages/differences.ts'
import { RESTORE_PLAN } from '../../shared/restore/messages/inspect.ts'
import type { DifferenceStores } from '../../shared/restore/results/job-differences.ts'
import { compareBytes } from '../../shared/values/text-order.ts'
import type { Answer } from './answer.ts'
import type { DifferencesParameters } from './differences-parameters.ts'
import { runningAnswer } from './job-answers.ts'
import { findJob, type JobViewServices } from './job-view.ts'

/** What a restore would do to the field: add it, remove it or replace its value. */
const Op = z.enum(['add', 'remove', 'replace'])

const Field = z
  .object({
    path: z.string().describe('A JSON pointer that begins with `/metadata`, `/payload` or `/revision`'),
    op: Op,
    archived: z.exactOptional(FieldValue).describe('The value in the archive. Absent if only the store has the field'),
    stored: z.exactOptional(FieldValue).describe('The value in the store. Absent if only the archive has the field'),
  })
  .readonly()

const Revision = z
  .object({
    revision_id: z.string(),
    schema_version: z.exactOptional(z.string()),
    op: Op,
    fields: z
      .exactOptional(z.array(Field).readonly())
      .describe('The first changed fields. Present only for `replace`. Empty if earlier revisions have many changes'),
    fields_total: z.exactOptional(z.int()).describe('The number of all these fields. Present only for `replace`'),
  })
  .readonly()

const DetailedDifference = z
  .object({
    group: DifferenceGroup,
    model: z.string(),
    resource_id: z.string(),
    now: z
      .exactOptional(z.enum(['same', 'changed', 'torn', 'without_metadata', 'missing', 'too_large', 'not_compared']))
      .describe(
        'The result of the comparison with the store as it is now. Present only for `detail=fields` and group `changed`',
      ),
    fields: z
      .exactOptional(z.array(Field).readonly())
      .describe('The first changed fields of the metadata and of the payload of the current revision'),
    fields_total: z.exactOptional(z.int()).describe('The number of all these fields'),
    revisions: z
      .exactOptional(z.array(Revision).readonly())
      .describe('The first revisions that were added or removed, or whose attributes or payload differ'),
    revisions_total: z.exactOptional(z.int()).describe('The number of all these revisions'),
  })
  .readonly()
type DetailedDifference = z.output<typeof DetailedDifference>

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

/** The largest numbers of resources on a page with fields, of fields, and of revisions of a resource. */
const MAX_COMPARED = 100
const MAX_FIELDS = 100
const MAX_REVISIONS = 100
/** The size after which a page with fields ends, in characters of JSON. A Lambda response is limited to 6 MB. */
const PAGE_CHARACTERS = 1024 * 1024
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
  let characters = 0
  let archive: ReturnType<typeof openArchive> | undefined
  const isFull = (): boolean => characters >= PAGE_CHARACTERS || performance.now() >= deadline
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
      characters += JSON.stringify(difference).length
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
    const difference = { ...first, resource_id, ...detailOf(current) }
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

const detailOf = (current: CurrentDifference): Omit<DetailedDifference, 'group' | 'model' | 'resource_id'> => {
  if (!('changes' in current)) return { now: current.now }
  let left = MAX_FIELDS
  const revisions = current.revisions.slice(0, MAX_REVISIONS).map(({ changes, ...revision }) => {
    const fields = changes.slice(0, left)
    left -= fields.length
    return {
      ...revision,
      ...(changes.length === 0
        ? {}
        : { fields: fields.map((change) => field(fieldChange(change))), fields_total: changes.length }),
    }
  })
  return {
    now: current.now,
    fields: current.changes.slice(0, MAX_FIELDS).map((change) => field(fieldChange(change))),
    fields_total: current.changes.length,
    revisions,
    revisions_total: current.revisions.length,
  }
}

const field = ({ path, op, old, new: next }: FieldChange): z.output<typeof Field> => ({
  path,
  op,
  ...(next === undefined ? {} : { archived: next }),
  ...(old === undefined ? {} : { stored: old }),
})
