import type { Limits } from '../jobs/limits.ts'
import { DAY_MS } from '../values/durations.ts'
import { type ArchiveCopy, uploadOf } from './archive-copy.ts'
import { attemptAll, type Attempts } from './attempt-all.ts'
import {
  abortUpload,
  type ArchiveToCopy,
  checkCopy,
  copyArchive,
  type CopyArchiveServices,
  copyName,
} from './copy-archive.ts'
import { copyTarget, type CopyTargetConfig, currentState } from './copy-target.ts'
import { ArchiveCopyLateError } from './errors.ts'
import type { Schedule } from './schedule.ts'
import { scheduledArchives } from './scheduled-archives.ts'

/** The age up to which archives are copied and their copies are checked. */
const COPIED_DAYS = 7

/** The stores and settings that are needed to copy archives. */
interface CopyArchivesServices extends CopyArchiveServices {
  readonly limits: Pick<Limits, 'copyPartBytes' | 'copyRunMs'>
  readonly config: CopyTargetConfig & {
    readonly buckets: { readonly archives: string }
    readonly schedules: readonly Schedule[]
  }
}

/** The copies of the archives of one schedule. */
interface CopiedSchedule {
  readonly schedule: string
  /** The keys of the new copies. */
  readonly copied: readonly string[]
  /** The keys of the copies that the next runs begin or continue. */
  readonly pending: readonly string[]
  /** The number of copies that were checked, including the new ones. */
  readonly checked: number
}

/**
 * Copies the archives of all schedules to the bucket of the setting `copy_archives_to`, unless there is an equal copy,
 * and checks the copies. These are the archives that are at most seven days old, and older ones whose copy is not
 * finished. Other copies are left alone, so the owner of the other bucket may delete them.
 *
 * A run ends after `limits.copyRunMs`. It first checks the copies that were not checked for the longest time, then
 * copies the smallest archives. The next run continues. If an archive cannot be copied, if its copy differs from it, or
 * if its copy is not finished after seven days, continues with the next archive. Without the setting, does nothing.
 */
export const copyArchives = async (services: CopyArchivesServices): Promise<Attempts<CopiedSchedule>> => {
  const { config, limits, clock } = services
  if (config.copy_archives_to === undefined) return { results: [], failures: [] }
  const since = clock().getTime() - COPIED_DAYS * DAY_MS
  const started = performance.now()
  const isAfter = (ms: number): boolean => performance.now() - started >= ms
  const found = await attemptAll(
    config.schedules,
    ({ name }) => `schedule ${name}`,
    ({ name }) => archivesToCopy(services, name, since),
  )
  const archives = found.results.flat()
  const checked = await attemptAll(
    archives.toSorted((a, b) => (checkedAt(a) < checkedAt(b) ? -1 : 1)),
    nameOf,
    async (archive) => {
      // A copy whose state is not `copied` is always checked, because it may have to be copied.
      if (checkedAt(archive) !== '' && isAfter(limits.copyRunMs / 2)) return []
      return [{ archive, isEqual: await checkCopy(services, archive) }]
    },
  )
  const missing = checked.results.flat().flatMap(({ archive, isEqual }) => (isEqual ? [] : [archive]))
  const copied = await attemptAll(
    missing.toSorted((a, b) => a.object.size - b.object.size).entries(),
    ([, archive]) => nameOf(archive),
    async ([index, archive]) => {
      const isDone =
        (index === 0 || !isAfter(limits.copyRunMs)) &&
        (await copyArchive(services, archive, () => isAfter(limits.copyRunMs)))
      if (!isDone && Date.parse(archive.at) < since)
        throw new ArchiveCopyLateError(copyName(archive), archive.object.size)
      return { archive, isDone }
    },
  )
  return {
    results: config.schedules.map(({ name }) => {
      const of = copied.results.filter(({ archive }) => archive.schedule === name)
      const keys = (isDone: boolean) => of.filter((one) => one.isDone === isDone).map(({ archive }) => archive.copy.key)
      const equal = checked.results.flat().filter(({ archive, isEqual }) => archive.schedule === name && isEqual)
      return { schedule: name, copied: keys(true), pending: keys(false), checked: equal.length + keys(true).length }
    }),
    failures: [...found.failures, ...checked.failures, ...copied.failures],
  }
}

const nameOf = ({ object }: ArchiveToCopy): string => `archive ${object.key}`

/** Returns the time of the last check of a valid copy. If there is no valid copy, returns an empty string. */
const checkedAt = ({ state }: ArchiveToCopy): string => (state?.state === 'copied' ? state.checked_at : '')

/**
 * Returns the archives of a schedule whose copies are made or checked, newest first: those that are not older than
 * `since`, and those whose copy is not finished. Deletes the states of the copies whose archives were deleted, and
 * aborts their uploads.
 */
const archivesToCopy = async (
  services: CopyArchivesServices,
  schedule: string,
  since: number,
): Promise<ArchiveToCopy[]> => {
  const { archiveCopies, copies, config } = services
  const states = new Map((await archiveCopies.list(schedule)).map((state) => [state.archive, state]))
  const archives = await scheduledArchives(services, schedule)
  const keys = new Set(archives.map(({ object }) => object.key))
  for (const state of states.values()) {
    if (keys.has(state.archive)) continue
    const upload = uploadOf(state)
    if (upload !== undefined && state.bucket === config.copy_archives_to?.bucket)
      await abortUpload(copies, state, upload)
    await archiveCopies.delete(schedule, state)
  }
  return archives.flatMap((archive) => {
    const copy = copyTarget(config, archive.object.key)
    const state = states.get(archive.object.key)
    if (copy === undefined || (Date.parse(archive.at) < since && !isUnfinished(state))) return []
    const current = currentState(config, state)
    return [{ ...archive, schedule, copy, ...(current === undefined ? {} : { state: current }) }]
  })
}

const isUnfinished = (state: ArchiveCopy | undefined): boolean => state !== undefined && state.state !== 'copied'
