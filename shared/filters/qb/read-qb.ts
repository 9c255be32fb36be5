import type { Condition } from '../condition.ts'
import { FilterError } from '../errors.ts'
import { evaluateQb } from './evaluate.ts'
import { parseQb } from './parse.ts'
import { QbError } from './syntax.ts'

/**
 * Reads an expression of SpecStar's query builder; undefined where it means every resource. `now` is what `today()` and its like
 * count from. Throws `FilterError`, which names line and column.
 */
export const readQb = (text: string, now: Date): Condition | undefined => {
  try {
    return evaluateQb(parseQb(text), now)
  } catch (error) {
    throw error instanceof QbError ? new FilterError('qb', `${error.message} (${placeIn(text, error.at)})`) : error
  }
}

/** Columns count characters from 1. */
const placeIn = (source: string, at: number): string => {
  const before = source.replace(/\r\n?/g, '\n').slice(0, at)
  const line = before.split('\n').length
  const column = Array.from(before.slice(before.lastIndexOf('\n') + 1)).length + 1
  return line === 1 ? `column ${column}` : `line ${line}, column ${column}`
}
