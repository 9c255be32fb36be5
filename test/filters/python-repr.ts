import { textOf } from '../../shared/filters/python/text.ts'
import { readQb } from '../../shared/filters/qb/read-qb.ts'

/** Evaluates an expression in `qb` and returns Python's `repr()` of its value. */
export const reprOf = (expression: string): string => {
  const condition = readQb(`QB["a"].eq(${expression})`, new Date(0))
  if (condition?.kind !== 'field') throw new Error(`${expression} is not a value`)
  return textOf([condition.value]).slice(1, -1)
}

/** Rows of an expression and its `repr()` in CPython 3.11. */
export const rows = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' ⇒ '))
