interface Waiting {
  readonly bytes: number
  readonly grant: () => void
}

/** Limits the number of bytes that several concurrent readers hold in memory together. */
export class ByteBudget {
  readonly #max: number
  #taken = 0
  readonly #waiting: Waiting[] = []

  constructor(max: number) {
    this.#max = max
  }

  /**
   * Waits until `bytes` fit into the budget, after all earlier calls. If no bytes are taken, any number fits. The
   * caller must call `release` with the same number.
   */
  async take(bytes: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ bytes, grant: resolve })
      this.#grant()
    })
  }

  release(bytes: number): void {
    this.#taken -= bytes
    this.#grant()
  }

  #grant(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#taken > 0 && this.#taken + next.bytes > this.#max) return
      this.#waiting.shift()
      this.#taken += next.bytes
      next.grant()
    }
  }
}
