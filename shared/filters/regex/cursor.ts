/** Reads a pattern from left to right, in code points as Python does. */
export class Cursor {
  readonly characters: readonly string[]
  at = 0

  constructor(pattern: string) {
    this.characters = Array.from(pattern)
  }

  get current(): string | undefined {
    return this.characters[this.at]
  }

  startsWith(text: string): boolean {
    return this.ahead(text.length) === text
  }

  /** The next characters, at most so many. */
  ahead(count: number): string {
    return this.characters.slice(this.at, this.at + count).join('')
  }

  /** Skips a text if the cursor is in front of it. Returns whether it was there. */
  skip(text: string): boolean {
    if (!this.startsWith(text)) return false
    this.at += text.length
    return true
  }

  /** Moves to the next `sign` that is not escaped with `\`, or to the end. */
  skipTo(sign: string): void {
    while (this.at < this.characters.length && !this.startsWith(sign)) this.at += this.startsWith('\\') ? 2 : 1
  }
}
