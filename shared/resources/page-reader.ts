import type { Item } from '../tables/item.ts'

/**
 * Reads single items from a stream of pages. `peek` and `advance` are synchronous, so a loop over the items of a page
 * creates no promises. Call `fill` when `peek` returns undefined.
 */
export class PageReader {
  readonly #pages: AsyncIterator<readonly Item[]>
  #page: readonly Item[] = []
  #next = 0
  #ended = false

  constructor(pages: AsyncIterable<readonly Item[]>) {
    this.#pages = pages[Symbol.asyncIterator]()
  }

  /** The next item of the page. Undefined at the end of the page. */
  peek(): Item | undefined {
    return this.#page[this.#next]
  }

  /** Goes to the item after the one that `peek` returns. */
  advance(): void {
    this.#next += 1
  }

  /** Reads the next page if this one has no more items. False at the end of the stream. */
  async fill(): Promise<boolean> {
    while (this.#next >= this.#page.length) {
      if (this.#ended) return false
      const page = await this.#pages.next()
      if (page.done === true) {
        this.#ended = true
        return false
      }
      this.#page = page.value
      this.#next = 0
    }
    return true
  }

  async close(): Promise<void> {
    await this.#pages.return?.()
  }
}
