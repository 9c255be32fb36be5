import { describe, expect, it } from 'vitest'
import {
  type Condition,
  type FieldCondition,
  fieldCondition,
  findRejectedForList,
} from '../../shared/filters/condition.ts'
import { evaluate, MISSING } from '../../shared/filters/evaluate.ts'
import { OPERATOR_NAMES, type OperatorName, type Outcome } from '../../shared/filters/operators.ts'
import { DateTime } from '../../shared/filters/python/times.ts'
import { Tuple } from '../../shared/filters/python/values.ts'

const outcomeOf = (
  operator: OperatorName,
  expected: unknown,
  stored: unknown,
  options: Parameters<typeof fieldCondition>[3] = {},
): Outcome => evaluate(fieldCondition('f', operator, expected, options), (field) => (field === 'f' ? stored : MISSING))

describe('a condition on a field', () => {
  it.each<[OperatorName, unknown, unknown, Outcome]>([
    ['eq', 1n, 1, true],
    ['eq', 1n, 2n, false],
    ['ne', 1n, 1n, false],
    ['ne', 1n, '1', true],
    ['gt', 1n, 2n, true],
    ['gt', 1n, 1n, false],
    ['gte', 1n, 1n, true],
    ['gte', 1n, 0n, false],
    ['lt', 1n, 0n, true],
    ['lt', 1n, 1n, false],
    ['lte', 1n, 1n, true],
    ['lte', 1n, 2n, false],
    ['contains', 'b', 'abc', true],
    ['contains', 'd', 'abc', false],
    ['contains', 1n, 212n, true],
    ['contains', 1n, [2n, 1], true],
    ['contains', '1', [1n], false],
    ['contains', 'a', ['abc'], false],
    ['starts_with', 'a', 'ab', true],
    ['starts_with', 'b', 'ab', false],
    ['starts_with', '1', 12n, true],
    ['ends_with', 'b', 'ab', true],
    ['ends_with', 'a', 'ab', false],
    ['ends_with', 2n, 12n, true],
    ['regex', '^a', 'ab', true],
    ['regex', '^b', 'ab', false],
    ['regex', 1n, 212n, true],
    ['regex', '^Tr', true, true],
    ['in', [1n, 'a'], 'a', true],
    ['in', [1n, 'a'], 'b', false],
    ['in', new Tuple([1n]), 1n, true],
    ['in', 'abc', 'a', false],
    ['not_in', [1n, 'a'], 'a', false],
    ['not_in', [1n, 'a'], 'b', true],
    ['not_in', 'abc', 'a', true],
    ['contains_any', ['x', 'b'], ['a', 'b'], true],
    ['contains_any', ['x'], ['a', 'b'], false],
    ['contains_any', [], ['a'], false],
    ['contains_any', 'a', ['a'], true],
    ['contains_any', ['x', 'a'], 'a', true],
    ['contains_any', 'a', 'ab', false],
    ['is_null', true, 'a', false],
    ['is_null', false, 'a', true],
    ['is_null', 'yes', 'a', false],
    ['is_null', true, null, true],
    ['is_null', false, null, false],
    ['is_null', null, null, null],
    ['is_null', 'yes', null, 'invalid'],
    ['isna', true, null, true],
    ['isna', false, null, false],
    ['isna', true, 'a', false],
    ['isna', false, 'a', true],
    ['isna', 1n, null, true],
    ['isna', true, MISSING, true],
    ['isna', false, MISSING, false],
    ['isna', null, MISSING, null],
    ['isna', 1n, MISSING, 'invalid'],
    ['exists', true, 'a', true],
    ['exists', true, null, true],
    ['exists', false, 'a', false],
    ['exists', 1n, 'a', true],
    ['exists', '', 'a', false],
    ['exists', true, MISSING, false],
    ['exists', false, MISSING, true],
  ])('with %s %o is, for %o, %s', (operator, expected, stored, outcome) => {
    expect(outcomeOf(operator, expected, stored)).toBe(outcome)
  })

  it.each(OPERATOR_NAMES.filter((operator) => !['exists', 'isna', 'is_null'].includes(operator)))(
    'with %s is unknown for a field that is null or does not exist',
    (operator) => {
      expect(outcomeOf(operator, 'a', MISSING)).toBeNull()
      expect(outcomeOf(operator, 'a', null)).toBeNull()
      expect(outcomeOf(operator, null, null)).toBeNull()
    },
  )

  it('with is_null is unknown for a field that does not exist', () => {
    expect(outcomeOf('is_null', true, MISSING)).toBeNull()
    expect(outcomeOf('is_null', false, MISSING)).toBeNull()
  })

  it('on the length is unknown for a value without a length', () => {
    const length = (operator: OperatorName, expected: unknown, stored: unknown): Outcome =>
      outcomeOf(operator, expected, stored, { length: true })
    expect(length('eq', 2n, 'é🔥')).toBe(true)
    expect(length('gt', 2n, [1n, 2n])).toBe(false)
    expect(length('exists', true, 7n)).toBeNull()
    expect(length('exists', true, '')).toBe(true)
    expect(length('exists', false, MISSING)).toBe(true)
    expect(length('isna', true, null)).toBe(true)
    expect(length('eq', 0n, null)).toBeNull()
  })

  it.each<['any' | 'all', OperatorName, unknown, unknown, Outcome]>([
    ['any', 'eq', 1n, [2n, 1n], true],
    ['any', 'eq', 1n, [2n, 3n], false],
    ['any', 'eq', 1n, [], false],
    ['all', 'eq', 1n, [1n, 1], true],
    ['all', 'eq', 1n, [1n, 2n], false],
    ['all', 'eq', 1n, [], true],
    ['any', 'ne', 1n, [1n, 2n], true],
    ['all', 'ne', 1n, [1n, 2n], false],
    ['any', 'contains', 'b', ['abc'], true],
    ['any', 'contains', 'b', ['ac'], false],
    ['any', 'contains', 'on', [null], true],
    ['any', 'contains', '1', [[1n]], true],
    ['any', 'eq', null, [null], true],
    ['all', 'starts_with', 'a', ['ab', 'ac'], true],
    ['all', 'starts_with', 'a', ['ab', 'bc'], false],
    ['any', 'ends_with', 'c', ['ab', 'bc'], true],
    ['any', 'regex', '^b', ['ab', 'bc'], true],
    ['all', 'regex', '^b', ['ab', 'bc'], false],
    ['any', 'eq', 'a', 'a', null],
    ['all', 'eq', 1n, 1n, null],
    ['any', 'eq', 1n, new Tuple([1n]), null],
    ['all', 'eq', 1n, null, null],
    ['all', 'eq', 1n, MISSING, null],
  ])('on %s element with %s %o is, for %o, %s', (quantifier, operator, expected, stored, outcome) => {
    expect(outcomeOf(operator, expected, stored, { quantifier })).toBe(outcome)
  })

  it('compiles its value, a regular expression from the text of any value', () => {
    expect(fieldCondition('f', 'regex', 'a+').test('caab')).toBe(true)
    expect(fieldCondition('f', 'regex', null).test('None')).toBe(true)
    expect(fieldCondition('f', 'eq', 'a+')).toEqual({
      kind: 'field',
      field: 'f',
      operator: 'eq',
      value: 'a+',
      length: false,
      test: expect.any(Function) as unknown,
    })
    expect(fieldCondition('f', 'eq', 1n, { length: true }).length).toBe(true)
    expect(() => fieldCondition('f', 'regex', '[')).toThrow('unterminated character set')
  })
})

describe('a group of conditions', () => {
  const MEMBERS: Readonly<Record<string, Condition>> = {
    true: fieldCondition('f', 'exists', false),
    false: fieldCondition('f', 'exists', true),
    unknown: fieldCondition('f', 'eq', 1n),
    invalid: fieldCondition('f', 'isna', 1n),
  }
  const group = (kind: 'and' | 'or' | 'not', of: string): Outcome => {
    const conditions = of === '' ? [] : of.split(' ').map((name) => MEMBERS[name] ?? expect.fail(name))
    return evaluate({ kind, conditions }, () => MISSING)
  }

  it.each<['and' | 'or' | 'not', string, Outcome]>([
    ['and', '', true],
    ['and', 'true true', true],
    ['and', 'true false', false],
    ['and', 'unknown false', false],
    ['and', 'true unknown', null],
    ['and', 'true invalid', true],
    ['and', 'invalid unknown', null],
    ['or', '', false],
    ['or', 'false false', false],
    ['or', 'false true', true],
    ['or', 'unknown true', true],
    ['or', 'false unknown', null],
    ['or', 'false invalid', false],
    ['or', 'invalid unknown', null],
    ['not', 'true', false],
    ['not', 'false', true],
    ['not', 'unknown', null],
    ['not', 'invalid', false],
  ])('with %s of «%s» is %s', (kind, of, outcome) => {
    expect(group(kind, of)).toBe(outcome)
  })

  it('evaluates all its members, so that an error in one is thrown whatever the others are', () => {
    const failing = fieldCondition('f', 'gt', 'a')
    const condition: Condition = { kind: 'and', conditions: [fieldCondition('f', 'eq', 2n), failing] }
    expect(() => evaluate(condition, () => 1n)).toThrow("'>' not supported between instances of 'int' and 'str'")
  })

  it('is searched for the first condition that is rejected for lists', () => {
    const lists = new Set(['f', 'g'])
    const on = (operator: OperatorName, field = 'f'): FieldCondition => fieldCondition(field, operator, 'a')
    for (const operator of ['regex', 'starts_with', 'ends_with'] as const) {
      const condition = on(operator)
      expect(findRejectedForList(condition, lists)).toBe(condition)
      const quantified = fieldCondition('f', operator, 'a', { quantifier: 'any' })
      expect(findRejectedForList(quantified, lists)).toBeUndefined()
      expect(findRejectedForList(on(operator, 'h'), lists)).toBeUndefined()
    }
    for (const operator of ['eq', 'contains', 'contains_any'] as const)
      expect(findRejectedForList(on(operator), lists)).toBeUndefined()
    const rejected = on('ends_with', 'g')
    const not: Condition = { kind: 'not', conditions: [rejected] }
    const nested: Condition = {
      kind: 'and',
      conditions: [on('eq'), { kind: 'or', conditions: [not] }, on('regex')],
    }
    expect(findRejectedForList(nested, lists)).toBe(rejected)
    expect(findRejectedForList({ kind: 'or', conditions: [on('eq')] }, lists)).toBeUndefined()
  })

  it('compares times as times', () => {
    const time = DateTime.ofStored('2026-01-05T08:30:00+08:00')
    expect(outcomeOf('eq', DateTime.ofStored('2026-01-05T00:30:00Z'), time)).toBe(true)
    expect(outcomeOf('contains', '08:30', time)).toBe(true)
  })
})
