import Table from 'cli-table3'
import type { Output } from './output.ts'
import { printableLine, withoutPlainStyles } from './printable.ts'

/** No lines between the cells, and two spaces between columns. */
const NO_LINES = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].map((name) => [name, '']),
)

/** A column of a table. Numbers are aligned to the right. */
export interface Column<Row> {
  readonly head: string
  readonly align?: 'left' | 'right'
  /** Returns one line, or several. */
  readonly cell: (row: Row) => string | readonly string[]
}

/**
 * Returns a table of rows without lines, for people. If there are no rows, returns `empty`. Newlines in a line of a
 * cell are escaped, so that no value looks like another row.
 */
export const table = <Row>(
  output: Output,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  empty: string,
): string => {
  if (rows.length === 0) return empty
  const grid = new Table({
    chars: { ...NO_LINES, middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: columns.map(({ head }) => output.style('bold', head)),
    colAligns: columns.map(({ align = 'left' }) => align),
  })
  grid.push(...rows.map((row) => columns.map(({ cell }) => [cell(row)].flat().map(printableLine).join('\n'))))
  // cli-table3 adds plain escape sequences, because it does not recognize the ends of our formats.
  return withoutTrailingSpaces(withoutPlainStyles(grid.toString()))
}

/** Returns lines of names and values, one below the other. Newlines in them are escaped. */
export const list = (output: Output, pairs: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${output.style('bold', name.padEnd(width))}  ${printableLine(value)}`).join('\n')
}

const withoutTrailingSpaces = (text: string): string => text.replace(/ +$/gm, '')

/** The note below a table that may lack rows because of `--limit`. */
export const MORE_ROWS = 'There may be more. The option --limit sets how many are listed.'
