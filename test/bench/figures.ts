import Table from 'cli-table3'

/** The values of one measurement in several rounds, in their order. */
class Rounds {
  readonly values: readonly number[]

  constructor(values: readonly number[]) {
    this.values = values
  }

  get median(): number {
    const sorted = [...this.values].sort((a, b) => a - b)
    const middle = (sorted.length - 1) / 2
    return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2
  }

  /** The minimum and the maximum. */
  get spread(): string {
    return `${Math.min(...this.values).toFixed(2)}–${Math.max(...this.values).toFixed(2)}`
  }

  /** The median of the ratios within each round. A temporarily slow machine slows both sides of a round. */
  ratioTo(other: Rounds): number {
    return new Rounds(this.values.map((value, round) => value / (other.values[round] ?? Number.NaN))).median
  }
}

/** All measurements of several rounds, by name. */
export class Figures {
  readonly #values = new Map<string, number[]>()

  add(name: string, value: number): void {
    const values = this.#values.get(name)
    if (values === undefined) this.#values.set(name, [value])
    else values.push(value)
  }

  get names(): string[] {
    return [...this.#values.keys()]
  }

  of(name: string): Rounds {
    return new Rounds(this.#values.get(name) ?? [])
  }

  /** The sum of several measurements in each round. */
  sum(names: readonly string[]): Rounds {
    const [first = [], ...rest] = names.map((name) => this.of(name).values)
    return new Rounds(first.map((value, round) => rest.reduce((sum, values) => sum + (values[round] ?? 0), value)))
  }
}

/**
 * Formats a table with names on the left and numbers on the right. It has no colours, whose escape sequences would end
 * up in log files.
 */
export const tableText = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, k) => (k === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
  table.push(...rows.map((row) => [...row]))
  return table.toString()
}
