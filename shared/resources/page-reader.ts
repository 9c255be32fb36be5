import type { Item } from '../tables/item.ts'

/** Reads items off pages: synchronously while a page lasts, so that a loop over items costs no promise each. */
export class PageReader {
  readonly #pages: AsyncIterator<readonly Item[]>
  #page: readonly Item[] = []
  #next = 0
  #ended = false

  constructor(pages: AsyncIterable<readonly Item[]>) {
    this.#pages = pages[Symbol.asyncIterator]()
  }

  /** The next item, where the page has one: else `fill` must be awaited first. */
  peek(): Item | undefined {
    return this.#page[this.#next]
  }

  skip(): void {
    this.#next += 1
  }

  /** Gets a page where this one is used up. False at the end. */
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
