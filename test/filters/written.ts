import { textOf } from '../../shared/filters/python/text.ts'
import { readQb } from '../../shared/filters/qb/read-qb.ts'

/** What Python's `repr()` writes for the value of an expression. */
export const writtenOf = (expression: string): string => {
  const condition = readQb(`QB["a"].eq(${expression})`, new Date(0))
  if (condition?.kind !== 'leaf') throw new Error(`${expression} is asked as no leaf`)
  return textOf([condition.value]).slice(1, -1)
}

/** Rows of an expression and what the real Python 3.11 writes for it. */
export const rows = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' ⇒ '))
