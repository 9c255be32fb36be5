import { metadataSortKey } from '../../resources/keys.ts'
import { compareBytes } from '../../values/text-order.ts'

/**
 * Walks a sorted stream of the target beside the archive's own order. `Row` is what the target gives for a resource:
 * its metadata alone, or all of it.
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

  /** Passes over all rows before this resource, giving each to `onPassed`, and returns the resource's own row where there is one. */
  async seek(id: string, onPassed?: (row: Row) => void): Promise<Row | undefined> {
    const sk = metadataSortKey(id)
    for (let next = await this.#peek(); next !== undefined; next = await this.#peek()) {
      const order = compareBytes(next.sk, sk)
      if (order > 0) return undefined
      this.#next = undefined
      if (order === 0) return next.row
      onPassed?.(next.row)
    }
    return undefined
  }

  /** Passes over what is left, up to the sort key `before` where it is given. */
  async end(onPassed: (row: Row) => void, before?: string): Promise<void> {
    for (let next = await this.#peek(); next !== undefined; next = await this.#peek()) {
      if (before !== undefined && compareBytes(next.sk, before) >= 0) return
      onPassed(next.row)
      this.#next = undefined
    }
  }

  async #peek(): Promise<{ row: Row; sk: string } | undefined> {
    if (this.#next !== undefined || this.#ended) return this.#next
    const next = await this.#rows.next()
    if (next.done === true) this.#ended = true
    else this.#next = { row: next.value, sk: this.#sortKey(next.value) }
    return this.#next
  }

  /** Lets the target's reader go before its end. */
  async close(): Promise<void> {
    await this.#rows.return?.()
  }
}
