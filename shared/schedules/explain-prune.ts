import pMap from 'p-map'
import * as z from 'zod'
import type { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import { isSameContent } from '../catalogue/catalogued-archive.ts'
import { Problem, problemOf } from '../problems/problem.ts'
import { encodeCursor, parseCursor } from '../requests/cursor.ts'
import { isCounted } from './archive-judgement.ts'
import { COPY_STATES } from './archive-copy.ts'
import type { ArchiveCopies } from './aws/archive-copies.ts'
import { type CopyTargetConfig, currentState } from './copy-target.ts'
import { planObjects, type PlanObjectsServices, PlannedObject } from './plan-objects.ts'
import { planSchedule, type PlanScheduleServices } from './prune.ts'
import { PlannedArchive } from './prune-plan.ts'
import { RETENTION_GROUPS, type RetentionGroup } from './retention.ts'
import type { Schedule } from './schedule.ts'

/**
 * The action that the next pruning takes for one object, and the reason. `retention` is the setting that applies to the
 * object.
 */
const ExplainedObject = z.union([
  z
    .object({
      ...PlannedArchive.unwrap().shape,
      retention: z.literal('schedule'),
      schedule: z.string(),
      bucket: z.string(),
      copy: z
        .exactOptional(z.enum(COPY_STATES))
        .describe(
          'The state of the copy that the setting `copy_archives_to` requests. ' +
            'Absent without the setting, or if no run has seen the archive',
        ),
    })
    .readonly(),
  z.object({ ...PlannedObject.unwrap().shape, retention: z.enum(RETENTION_GROUPS) }).readonly(),
])
export type ExplainedObject = z.output<typeof ExplainedObject>

/** A schedule or a group whose objects cannot be explained. The next pruning would delete none of them. */
const UnexplainedSection = z
  .object({
    retention: z.enum(['schedule', ...RETENTION_GROUPS]),
    schedule: z.exactOptional(z.string()).describe('The name of the schedule. Absent for a group'),
    error: Problem,
  })
  .readonly()
type UnexplainedSection = z.output<typeof UnexplainedSection>

/** The response of `GET /_backup/prune`. */
export const ExplainedPage = z
  .object({
    objects: z.array(ExplainedObject).readonly(),
    failures: z
      .exactOptional(z.array(UnexplainedSection).readonly())
      .describe('Absent if everything on this page could be explained'),
    cursor: z.exactOptional(z.string()).describe('The start of the next page. Absent on the last page'),
  })
  .readonly()
  .meta({ id: 'PruneExplanation' })
export type ExplainedPage = z.output<typeof ExplainedPage>

export interface PageOptions {
  readonly limit: number
  readonly cursor?: string
}

/** Called for each section that cannot be explained, with the error of which `failure.error` is the problem. */
type OnFailure = (failure: UnexplainedSection, error: unknown) => void

/** The stores and settings that the explanation needs. */
type ExplainPruneServices = Omit<PlanScheduleServices, 'config'> &
  PlanObjectsServices & {
    readonly archiveCopies: Pick<ArchiveCopies, 'list'>
    readonly catalogue: PlanScheduleServices['catalogue'] & Pick<ArchiveCatalogue, 'damagedContents'>
    readonly config: PlanScheduleServices['config'] &
      PlanObjectsServices['config'] &
      Pick<CopyTargetConfig, 'copy_archives_to'> & { readonly schedules: readonly Schedule[] }
  }

/**
 * The objects of one schedule or retention group. `objects` returns the objects whose keys follow `after`, sorted by
 * key.
 */
interface Section {
  /** `schedule:{name}`, or the name of a group. */
  readonly name: string
  readonly about: Omit<UnexplainedSection, 'error'>
  readonly objects: (after?: string) => AsyncIterable<ExplainedObject>
}

/** The number of archives of a schedule whose checks are read at the same time. */
const CHECKED_AT_ONCE = 16

/** The name of the list in its cursors. */
const LIST = 'prune'
/** The section and the key of the last object of a page. The next page begins after this object. */
const Cursor = z.strictObject({ section: z.string(), after: z.string() })
type Cursor = z.output<typeof Cursor>

/**
 * Returns a page of objects, each with the action that the next pruning would take, and the reason. The list contains
 * the archives of each schedule, and then the objects of each retention group for which the deployment sets a number of
 * days. If a schedule or a group cannot be explained, lists it in `failures`, calls `onFailure` and continues with the
 * next one. Writes and deletes nothing. Throws `InvalidRequestError` if the cursor is invalid.
 */
export const explainPrune = async (
  services: ExplainPruneServices,
  { limit, cursor }: PageOptions,
  onFailure: OnFailure,
): Promise<ExplainedPage> => {
  const all = sections(services)
  const start = cursor === undefined ? undefined : parseCursor(LIST, cursorOf(all), cursor)
  const first = start === undefined ? 0 : all.findIndex(({ name }) => name === start.section)
  const objects: ExplainedObject[] = []
  const failures: UnexplainedSection[] = []
  let last: Cursor | undefined
  for (const [index, { name, about, objects: objectsOf }] of all.slice(first).entries())
    try {
      for await (const object of objectsOf(index === 0 ? start?.after : undefined)) {
        if (objects.length === limit && last !== undefined) return pageOf(objects, failures, last)
        objects.push(object)
        last = { section: name, after: object.key }
      }
    } catch (error) {
      const failure = { ...about, error: problemOf(error) }
      failures.push(failure)
      onFailure(failure, error)
    }
  return pageOf(objects, failures)
}

const pageOf = (
  objects: readonly ExplainedObject[],
  failures: readonly UnexplainedSection[],
  last?: Cursor,
): ExplainedPage => ({
  objects,
  ...(failures.length === 0 ? {} : { failures }),
  ...(last === undefined ? {} : { cursor: encodeCursor(LIST, last) }),
})

const sections = (services: ExplainPruneServices): Section[] => [
  ...services.config.schedules.map((schedule) => ({
    name: `schedule:${schedule.name}`,
    about: { retention: 'schedule' as const, schedule: schedule.name },
    objects: (after?: string) => explainSchedule(services, schedule, after),
  })),
  ...RETENTION_GROUPS.map((name) => ({
    name,
    about: { retention: name },
    objects: (after?: string) => explainGroup(services, name, after),
  })),
]

async function* explainSchedule(
  services: ExplainPruneServices,
  schedule: Schedule,
  after = '',
): AsyncGenerator<ExplainedObject> {
  const { archives } = await planSchedule(services, schedule, { keep: false })
  const { archiveCopies, config } = services
  const copies = new Map((await archiveCopies.list(schedule.name)).map((copy) => [copy.archive, copy]))
  const bucket = config.buckets.archives
  const rest = archives.filter(({ key }) => key > after).sort((a, b) => (a.key < b.key ? -1 : 1))
  for (let from = 0; from < rest.length; from += CHECKED_AT_ONCE)
    for (const archive of await pMap(rest.slice(from, from + CHECKED_AT_ONCE), (one) => withDamage(services, one))) {
      const copy = currentState(config, copies.get(archive.key))
      const copied = copy === undefined ? {} : { copy: copy.state }
      yield { retention: 'schedule', schedule: schedule.name, bucket, ...archive, ...copied }
    }
}

/**
 * Returns an archive with the state `damaged` if its last check has found damage. The plan contains this state only for
 * archives on which a deletion may depend.
 */
const withDamage = async (
  { catalogue, objects, config }: Pick<ExplainPruneServices, 'catalogue' | 'objects' | 'config'>,
  archive: PlannedArchive,
): Promise<PlannedArchive> => {
  if (!isCounted(archive)) return archive
  const damaged = await catalogue.damagedContents(archive.key)
  if (damaged.length === 0) return archive
  const object = await objects.head(config.buckets.archives, archive.key)
  const isDamaged = object !== undefined && damaged.some((content) => isSameContent(content, object))
  return isDamaged ? { ...archive, state: 'damaged' } : archive
}

async function* explainGroup(
  services: PlanObjectsServices,
  retention: RetentionGroup,
  after?: string,
): AsyncGenerator<ExplainedObject> {
  for await (const object of planObjects(services, retention, after)) yield { retention, ...object }
}

/** Returns the schema of the cursors of a list with these sections. */
const cursorOf = (all: readonly Section[]) =>
  Cursor.refine(({ section }) => all.some(({ name }) => name === section), 'must be a section of the list')
