import * as z from 'zod'
import type { RestoreJob } from '../../jobs/job.ts'
import { encodeCursor, invalidCursor, parseCursor } from '../../requests/cursor.ts'
import { DifferencesExpiredError } from '../errors.ts'
import { type DifferenceGroup, type DifferencePage, JOB_DIFFERENCES } from '../messages/differences.ts'
import { type DifferenceStores, readDifferencePage } from '../results/job-differences.ts'

/** A resource that differs between the archive and the store. */
interface Difference {
  readonly group: DifferenceGroup
  readonly model: string
  readonly resource_id: string
}

interface ListOptions {
  /** If it is given, only the resources of this group are listed. */
  readonly group?: DifferenceGroup
  readonly model?: string
  readonly limit: number
  readonly cursor?: string
}

/** A difference, and the cursor of the page that begins after it. */
export interface LocatedDifference {
  readonly difference: Difference
  /** Undefined after the last difference. */
  readonly next: string | undefined
}

/**
 * The position of an id: the index of a page in the list of all pages of the job, and the index of the id on the page.
 */
const Cursor = z.strictObject({ page: z.int().min(0), id: z.int().min(0) })

/**
 * Returns at most `limit` differences that a restore has found, beginning at the cursor, by group and in the order of
 * the archive. The ids of one page of the list are in memory. Throws `DifferencesExpiredError` if the list was deleted,
 * and `InvalidRequestError` if the cursor is invalid.
 */
export const listDifferences = async (
  services: DifferenceStores,
  { job_id, result }: RestoreJob,
  { group, model, limit, cursor }: ListOptions,
): Promise<readonly LocatedDifference[]> => {
  // The position is valid only among the pages of the same group and model.
  const list = JSON.stringify(['differences', job_id, group, model])
  const start = cursor === undefined ? undefined : parseCursor(list, Cursor, cursor)
  if (Object.keys(result?.differences ?? {}).length === 0) return []
  const pages = await services.workFiles.find(JOB_DIFFERENCES, job_id)
  if (pages === undefined) throw new DifferencesExpiredError(job_id)
  const isSelected = (page: DifferencePage): boolean =>
    (group === undefined || page.group === group) && (model === undefined || page.model === model)
  const selected = [...pages.entries()].filter(([index, page]) => index >= (start?.page ?? 0) && isSelected(page))
  if (start !== undefined && selected[0]?.[0] !== start.page) throw invalidCursor()
  const listed: LocatedDifference[] = []
  for (const [position, [index, page]] of selected.entries()) {
    if (listed.length >= limit) break
    const ids = await readDifferencePage(services, job_id, page)
    if (ids === undefined) throw new DifferencesExpiredError(job_id)
    const following = selected[position + 1]?.[0]
    const first = index === start?.page ? start.id : 0
    if (first > 0 && first >= ids.length) throw invalidCursor()
    for (const [k, resource_id] of ids.slice(first, first + limit - listed.length).entries()) {
      const isLast = first + k + 1 >= ids.length
      listed.push({
        difference: { group: page.group, model: page.model, resource_id },
        next: cursorOf(list, isLast ? following : index, isLast ? 0 : first + k + 1),
      })
    }
  }
  return listed
}

const cursorOf = (list: string, page: number | undefined, id: number): string | undefined =>
  page === undefined ? undefined : encodeCursor(list, { page, id } satisfies z.output<typeof Cursor>)
