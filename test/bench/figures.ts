import Table from 'cli-table3'
import { summaryOf } from './results/statistics.ts'

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

  has(name: string): boolean {
    return this.#values.has(name)
  }

  median(name: string): number {
    return summaryOf(this.#values.get(name) ?? []).median
  }

  spread(name: string): string {
    return spreadText(this.#values.get(name) ?? [])
  }
}

/** The minimum and the maximum. */
export const spreadText = (values: readonly number[]): string => {
  const { min, max } = summaryOf(values)
  return `${min.toFixed(2)}–${max.toFixed(2)}`
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
