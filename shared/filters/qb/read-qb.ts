import type { Condition } from '../condition.ts'
import { FilterError } from '../errors.ts'
import { evaluateQb } from './evaluate.ts'
import { parseQb } from './parse.ts'
import { QbError } from './syntax.ts'

/**
 * Parses an expression of SpecStar's query builder. Returns undefined if every resource matches. `now` is the time to
 * which `today()` and similar methods refer. If the expression is invalid, throws `FilterError` with the line and
 * column.
 *
 * @example readQb('QB["level"] > 3', new Date())
 */
export const readQb = (text: string, now: Date): Condition | undefined => {
  try {
    return evaluateQb(parseQb(text), now)
  } catch (error) {
    throw error instanceof QbError
      ? new FilterError('qb', `${error.message} (${lineAndColumn(text, error.at)})`)
      : error
  }
}

/** Returns the line and the column of an offset. Columns are counted in characters, from 1. */
const lineAndColumn = (source: string, at: number): string => {
  const before = source.replace(/\r\n?/g, '\n').slice(0, at)
  const line = before.split('\n').length
  const column = Array.from(before.slice(before.lastIndexOf('\n') + 1)).length + 1
  return line === 1 ? `column ${column}` : `line ${line}, column ${column}`
}
