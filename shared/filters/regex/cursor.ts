/** A position in a pattern. As in Python, positions are counted in code points. */
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

  /** Returns the next `count` characters, or fewer at the end of the pattern. Does not move the cursor. */
  ahead(count: number): string {
    return this.characters.slice(this.at, this.at + count).join('')
  }

  /** If the next characters are `text`, moves the cursor behind them and returns true. Otherwise returns false. */
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
