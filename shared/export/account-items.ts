import * as z from 'zod'
import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Limits } from '../jobs/limits.ts'
import type { PassInput } from '../jobs/messages.ts'
import { allResults, type Attempt, runPass } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import { abandon } from '../objects/abandon.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { Composer } from '../objects/composer.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { ResourceKeys } from '../resources/aws/resource-keys.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { hasOwnIdHash } from '../resources/partitions.ts'
import type { Key } from '../tables/item.ts'
import { whileStoring } from '../throttling/call-context.ts'
import {
  ACCOUNT_ITEMS,
  type AccountOutput,
  type AccountResult,
  EXPORT_PLAN,
  EXPORT_RECORDS,
  UNCLAIMED_LISTS,
  UNCLAIMED_REVISIONS,
  type UnclaimedList,
  workName,
} from './messages.ts'
import { scanTable } from './scan-table.ts'
import { UnaccountedItems } from './unaccounted-items.ts'
import { isRevisionKey, keyText, metadataKeyOf } from './unclaimed-revisions.ts'

interface AccountServices {
  readonly jobs: JobStore
  readonly limits: Limits
  readonly models: ModelRegistry
  readonly resourceKeys: ResourceKeys
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly clock: () => Date
}

/** The number of revisions per batch. The pass checks its time limit after each batch, which takes a few requests. */
const BATCH = 1000

/**
 * The position where a pass begins. Step `table` continues the scan of the table after the key `after`. Step
 * `revisions` checks unclaimed revisions, beginning at index `from` of the list with index `list`. It must not begin
 * before the time `not_before`, in ms since 1970.
 */
const Cursor = z.discriminatedUnion('step', [
  z.object({ step: z.literal('table'), after: z.object({ pk: z.string(), sk: z.exactOptional(z.string()) }) }),
  z.object({ step: z.literal('revisions'), list: z.int(), from: z.int(), not_before: z.int() }),
])
type Cursor = z.output<typeof Cursor>
type RevisionsCursor = Extract<Cursor, { readonly step: 'revisions' }>

/**
 * Runs one pass that searches the table for items that belong to no resource. If an export reads all resources,
 * `export-records` reads the items of resources, and this stage finds all other items. Its first passes scan the table.
 * Its last passes search again for metadata: for the revisions whose metadata `export-records` did not find. For any
 * other export, the stage ends at once. The stage runs after `finish-compose`, so its failure does not affect the
 * archive.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over after its last page or batch.
 */
export const accountItems = async (input: PassInput, services: AccountServices): Promise<AccountOutput> => {
  const output = await runPass(ACCOUNT_ITEMS, input, services, (attempt) => new AccountPass(attempt, services).run())
  const cursor = parseCursor(output.cursor)
  const ms = cursor?.step === 'revisions' ? cursor.not_before - services.clock().getTime() : 0
  return { ...output, wait_seconds: Math.max(0, Math.ceil(ms / 1000)) }
}

const parseCursor = (cursor: string | undefined): Cursor | undefined =>
  cursor === undefined ? undefined : Cursor.parse(JSON.parse(cursor))

class AccountPass {
  readonly #attempt: Attempt
  readonly #services: AccountServices
  readonly #found = new UnaccountedItems()

  constructor(attempt: Attempt, services: AccountServices) {
    this.#attempt = attempt
    this.#services = services
  }

  async run(): Promise<AccountResult> {
    const { jobs, workFiles } = this.#services
    const { job_id, pass, cursor } = this.#attempt
    const { accounts_for_items } = await workFiles.read(EXPORT_PLAN, job_id)
    if (accounts_for_items !== true) return { done: true, counts: {}, first: [] }
    if (pass === 0) await jobs.plan(job_id, ACCOUNT_ITEMS.name, 1)
    const next = await this.#continueAt(parseCursor(cursor))
    return whileStoring(async () => {
      const found = await this.#found.write(workFiles, this.#attempt)
      return next === undefined
        ? { done: true, ...found, ...(await this.#joinLines(found.lines)) }
        : { done: false, cursor: JSON.stringify(next), ...found }
    })
  }

  readonly #mustStop = (): boolean => this.#attempt.timeIsUp() || this.#found.isFull

  /** Searches until the pass must stop. Returns the cursor of the next pass, or undefined if the search has ended. */
  async #continueAt(start: Cursor | undefined): Promise<Cursor | undefined> {
    if (start?.step === 'revisions') return this.#checkRevisions(start)
    const { resourceKeys, models } = this.#services
    const scan = {
      resourceKeys,
      models,
      found: this.#found,
      mustStop: this.#mustStop,
      mustHandOver: this.#attempt.mustHandOver,
    }
    const after = await scanTable(start?.after, scan)
    if (after !== undefined) return { step: 'table', after }
    const lists = await this.#writeUnclaimedLists()
    if (lists.length === 0) return undefined
    const readAt = Math.max(...lists.map(({ read_at }) => Date.parse(read_at)))
    return { step: 'revisions', list: 0, from: 0, not_before: readAt + this.#services.limits.metadataMs }
  }

  /** Returns the files of unclaimed revisions, and writes them to a file, so that later passes read no results. */
  async #writeUnclaimedLists(): Promise<readonly UnclaimedList[]> {
    const { job_id } = this.#attempt
    const results = await allResults(this.#services, job_id, EXPORT_RECORDS)
    const lists = results.flatMap(({ unclaimed_revisions: { lists, read_at } = { lists: [], read_at: '' } }) =>
      lists.map((list) => ({ list, read_at })),
    )
    return lists.length === 0 ? lists : this.#services.workFiles.writeOnce(UNCLAIMED_LISTS, lists, job_id)
  }

  async #checkRevisions(cursor: RevisionsCursor): Promise<Cursor | undefined> {
    if (this.#services.clock().getTime() < cursor.not_before) return cursor
    const lists = await this.#services.workFiles.read(UNCLAIMED_LISTS, this.#attempt.job_id)
    for (let { list, from } = cursor; ; list++, from = 0) {
      const unclaimed = lists[list]
      if (unclaimed === undefined) return undefined
      const keys = await this.#services.workFiles.readPinned(UNCLAIMED_REVISIONS, unclaimed.list)
      for (; from < keys.length; from += BATCH) {
        try {
          await this.#checkBatch(keys.slice(from, from + BATCH))
        } catch (error) {
          const hasFinished = list !== cursor.list || from !== cursor.from
          if (!hasFinished || !this.#attempt.mustHandOver(error)) throw error
          return { ...cursor, list, from }
        }
        if (this.#mustStop()) return { ...cursor, list, from: from + BATCH }
      }
    }
  }

  /**
   * Adds those revisions that still exist and still have no metadata. In the meantime, a writer may have written the
   * metadata, or may have deleted the revision too. If the sort key of an item does not have the form of a revision's
   * sort key, the item belongs to no resource, and the pass does not search for its metadata.
   */
  async #checkBatch(revisions: readonly Key[]): Promise<void> {
    const { resourceKeys } = this.#services
    const metadataKeys = new Map(revisions.filter(isRevisionKey).map((key) => [keyText(metadataKeyOf(key)), key]))
    const found = await resourceKeys.existing([...metadataKeys.values()].map(metadataKeyOf))
    const metadata = new Set(found.map(keyText))
    const without = revisions.filter((key) => !isRevisionKey(key) || !metadata.has(keyText(metadataKeyOf(key))))
    const existing = new Set((await resourceKeys.existing(without)).map(keyText))
    for (const key of without)
      if (existing.has(keyText(key)))
        this.#found.add(key, isRevisionKey(key) && hasOwnIdHash(key.sk) ? 'no_metadata' : 'wrong_key')
  }

  /** Joins the lines of all passes into one object. */
  async #joinLines(own: PinnedObject | undefined): Promise<{ readonly all_lines?: PinnedObject }> {
    const { objects, workFiles } = this.#services
    const { job_id, attempt } = this.#attempt
    const earlier = await allResults(this.#services, job_id, ACCOUNT_ITEMS)
    const parts = [...earlier.map(({ lines }) => lines), own].filter((part) => part !== undefined)
    if (parts.length === 0) return {}
    const composer = new Composer(objects, workFiles.bucket, workFiles.key(job_id, workName.allUnaccounted(attempt)))
    try {
      for (const object of parts) await composer.object({ object, start: 0, length: object.size })
      return { all_lines: await composer.finish() }
    } catch (error) {
      await abandon(composer)
      throw error
    }
  }
}
