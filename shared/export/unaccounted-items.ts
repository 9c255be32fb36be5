import { listedItems } from '../jobs/listed-resources.ts'
import type { Attempt } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { UnaccountedReason } from '../resources/item-owner.ts'
import type { Key } from '../tables/item.ts'
import { MAX_LISTED } from '../values/message-text.ts'
import { type AccountResult, type UnaccountedItem, workName } from './messages.ts'

/** The number of items after which a pass ends. So many items take about 40 MB of memory. */
const MAX_ITEMS = 100_000

/** Collects the items that one pass finds and that belong to no resource. */
export class UnaccountedItems {
  readonly #counts: Partial<Record<UnaccountedReason, number>> = {}
  readonly #first: UnaccountedItem[] = []
  readonly #lines: string[] = []

  get isFull(): boolean {
    return this.#lines.length >= MAX_ITEMS
  }

  add({ pk, sk }: Key, reason: UnaccountedReason): void {
    const item = { pk, sk, reason }
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1
    if (this.#first.length < MAX_LISTED) this.#first.push(item)
    this.#lines.push(`${JSON.stringify(item)}\n`)
  }

  /**
   * Writes the items to an object of the job. Returns an object with those members of the pass's result that describe
   * the items.
   */
  async write(
    workFiles: WorkFiles,
    { job_id, attempt }: Attempt,
  ): Promise<Pick<AccountResult, 'counts' | 'first' | 'lines'>> {
    const described = { counts: this.#counts, first: listedItems(this.#first) }
    if (this.#lines.length === 0) return described
    const lines = await workFiles.writeBytes(Buffer.from(this.#lines.join('')), job_id, workName.unaccounted(attempt))
    return { ...described, lines }
  }
}
