import { metadataSortKey } from '../../resources/keys.ts'
import { compareBytes } from '../../values/text-order.ts'

/** Called for a skipped row. The join waits for a promise that it returns, before it reads the next row. */
type OnPassed<Row> = (row: Row) => Promise<void> | undefined

/**
 * Joins the stored resources (the rows) with the archived resources. Both must be sorted by sort key, because this is a
 * merge join.
 */
export class TargetJoin<Row> {
  readonly #rows: AsyncIterator<Row>
  readonly #sortKey: (row: Row) => string
  #next: { row: Row; sk: string } | undefined
  #ended = false

  constructor(rows: AsyncIterable<Row>, sortKey: (row: Row) => string) {
    this.#rows = rows[Symbol.asyncIterator]()
    this.#sortKey = sortKey
  }

  /**
   * Returns the row of an archived resource, or undefined if the target does not have the resource. Calls `onPassed`
   * for each skipped row, whose resource only the target has. The caller must pass the ids in the order of their sort
   * keys.
   */
  async seek(id: string, onPassed?: OnPassed<Row>): Promise<Row | undefined> {
    const sk = metadataSortKey(id)
    for (let next = await this.#peek(); next !== undefined; next = await this.#peek()) {
      const order = compareBytes(next.sk, sk)
      if (order > 0) return undefined
      this.#next = undefined
      if (order === 0) return next.row
      const passed = onPassed?.(next.row)
      if (passed !== undefined) await passed
    }
    return undefined
  }

  /**
   * Calls `onPassed` for each remaining row. If `before` is given, stops before this sort key. Calls `mayRead` before
   * it reads a row. If the function returns false, stops and returns false.
   */
  async end(onPassed: OnPassed<Row>, before?: string, mayRead: () => boolean = () => true): Promise<boolean> {
    while (mayRead()) {
      const next = await this.#peek()
      if (next === undefined || (before !== undefined && compareBytes(next.sk, before) >= 0)) return true
      const passed = onPassed(next.row)
      if (passed !== undefined) await passed
      this.#next = undefined
    }
    return false
  }

  async #peek(): Promise<{ row: Row; sk: string } | undefined> {
    if (this.#next !== undefined || this.#ended) return this.#next
    const next = await this.#rows.next()
    if (next.done === true) this.#ended = true
    else this.#next = { row: next.value, sk: this.#sortKey(next.value) }
    return this.#next
  }

  /** Stops reading the target. */
  async close(): Promise<void> {
    await this.#rows.return?.()
  }
}
