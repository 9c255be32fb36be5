import type { Item } from '../tables/item.ts'

/**
 * Reads single items from a stream of pages. `peek` and `advance` are synchronous, so a loop over the items of a page
 * creates no promises. If `peek` returns undefined, the caller must call `fill` to read the next page.
 */
export class PageReader {
  readonly #pages: AsyncIterator<readonly Item[]>
  #page: readonly Item[] = []
  #next = 0
  #ended = false

  constructor(pages: AsyncIterable<readonly Item[]>) {
    this.#pages = pages[Symbol.asyncIterator]()
  }

  /** Returns the next item of the page without skipping it. Returns undefined at the end of the page. */
  peek(): Item | undefined {
    return this.#page[this.#next]
  }

  /** Skips the item that `peek` returns. */
  advance(): void {
    this.#next += 1
  }

  /** Reads the next page if the current page has no more items. Returns false at the end of the stream. */
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

  /** Ends the stream. The caller must call this method even after an error. */
  async close(): Promise<void> {
    await this.#pages.return?.()
  }
}
