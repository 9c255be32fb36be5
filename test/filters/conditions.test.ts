import { describe, expect, it } from 'vitest'
import { type Condition, type Leaf, leafOf, OPERATORS, textOfList } from '../../shared/filters/condition.ts'
import { type Answer, answer, MISSING } from '../../shared/filters/evaluate.ts'
import { DateTime } from '../../shared/filters/python/times.ts'
import { Tuple } from '../../shared/filters/python/values.ts'
import { readConditions } from '../../shared/filters/read-conditions.ts'

const ask = (operator: Leaf['operator'], wanted: unknown, stored: unknown, more: Partial<Leaf> = {}): Answer =>
  answer({ ...leafOf('f', operator, wanted), ...more }, (field) => (field === 'f' ? stored : MISSING))

describe('a question to a field', () => {
  it.each<[Leaf['operator'], unknown, unknown, Answer]>([
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
    ['is_null', 'yes', null, 'odd'],
    ['isna', true, null, true],
    ['isna', false, null, false],
    ['isna', true, 'a', false],
    ['isna', false, 'a', true],
    ['isna', 1n, null, true],
    ['isna', true, MISSING, true],
    ['isna', false, MISSING, false],
    ['isna', null, MISSING, null],
    ['isna', 1n, MISSING, 'odd'],
    ['exists', true, 'a', true],
    ['exists', true, null, true],
    ['exists', false, 'a', false],
    ['exists', 1n, 'a', true],
    ['exists', '', 'a', false],
    ['exists', true, MISSING, false],
    ['exists', false, MISSING, true],
  ])('%s %o of %o says %s', (operator, wanted, stored, said) => {
    expect(ask(operator, wanted, stored)).toBe(said)
  })

  it.each(OPERATORS.filter((operator) => !['exists', 'isna', 'is_null'].includes(operator)))(
    'that is not there, or null, is unknown: %s',
    (operator) => {
      expect(ask(operator, 'a', MISSING)).toBeNull()
      expect(ask(operator, 'a', null)).toBeNull()
      expect(ask(operator, null, null)).toBeNull()
    },
  )

  it('that is not there is not null', () => {
    expect(ask('is_null', true, MISSING)).toBeNull()
    expect(ask('is_null', false, MISSING)).toBeNull()
  })

  it('may be of its length, where it has one', () => {
    const length = (operator: Leaf['operator'], wanted: unknown, stored: unknown): Answer =>
      ask(operator, wanted, stored, { length: true })
    expect(length('eq', 2n, 'é🔥')).toBe(true)
    expect(length('gt', 2n, [1n, 2n])).toBe(false)
    expect(length('exists', true, 7n)).toBeNull()
    expect(length('exists', true, '')).toBe(true)
    expect(length('exists', false, MISSING)).toBe(true)
    expect(length('isna', true, null)).toBe(true)
    expect(length('eq', 0n, null)).toBeNull()
  })

  it.each<['any' | 'all', Leaf['operator'], unknown, unknown, Answer]>([
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
  ])('may be of %s of its elements: %s %o of %o says %s', (over, operator, wanted, stored, said) => {
    expect(ask(operator, wanted, stored, { over })).toBe(said)
  })

  it('has its regular expression compiled where it is one, of any value’s text', () => {
    expect(leafOf('f', 'regex', 'a+').regex?.isIn('caab')).toBe(true)
    expect(leafOf('f', 'eq', 'a+')).toEqual({ kind: 'leaf', field: 'f', operator: 'eq', value: 'a+', length: false })
    expect(leafOf('f', 'eq', 1n, true).length).toBe(true)
    expect(leafOf('f', 'regex', null).regex?.isIn('None')).toBe(true)
  })
})

describe('a group of questions', () => {
  const SAID: Readonly<Record<string, Condition>> = {
    yes: leafOf('f', 'exists', false),
    no: leafOf('f', 'exists', true),
    unknown: leafOf('f', 'eq', 1n),
    odd: leafOf('f', 'isna', 1n),
  }
  const group = (kind: 'and' | 'or' | 'not', of: string): Answer => {
    const conditions = of === '' ? [] : of.split(' ').map((name) => SAID[name] ?? leafOf('f', 'exists', true))
    return answer({ kind, conditions }, () => MISSING)
  }

  it.each<['and' | 'or' | 'not', string, Answer]>([
    ['and', '', true],
    ['and', 'yes yes', true],
    ['and', 'yes no', false],
    ['and', 'unknown no', false],
    ['and', 'yes unknown', null],
    ['and', 'yes odd', true],
    ['and', 'odd unknown', null],
    ['or', '', false],
    ['or', 'no no', false],
    ['or', 'no yes', true],
    ['or', 'unknown yes', true],
    ['or', 'no unknown', null],
    ['or', 'no odd', false],
    ['or', 'odd unknown', null],
    ['not', 'yes', false],
    ['not', 'no', true],
    ['not', 'unknown', null],
    ['not', 'odd', false],
  ])('%s of «%s» says %s', (kind, of, said) => {
    expect(group(kind, of)).toBe(said)
  })

  it('asks all its members, so that an error in one is met whatever the others say', () => {
    const wrong = leafOf('f', 'gt', 'a')
    const condition: Condition = { kind: 'and', conditions: [leafOf('f', 'eq', 2n), wrong] }
    expect(() => answer(condition, () => 1n)).toThrow("'>' not supported between instances of 'int' and 'str'")
  })

  it('shows the first question for the text of a list', () => {
    const lists = new Set(['f', 'g'])
    const asks = (operator: Leaf['operator'], field = 'f'): Leaf => leafOf(field, operator, 'a')
    for (const operator of ['regex', 'starts_with', 'ends_with'] as const) {
      const question = asks(operator)
      expect(textOfList(question, lists)).toBe(question)
      expect(textOfList({ ...asks(operator), over: 'any' }, lists)).toBeUndefined()
      expect(textOfList(asks(operator, 'h'), lists)).toBeUndefined()
    }
    for (const operator of ['eq', 'contains', 'contains_any'] as const)
      expect(textOfList(asks(operator), lists)).toBeUndefined()
    const not: Condition = { kind: 'not', conditions: [asks('ends_with', 'g')] }
    const nested: Condition = {
      kind: 'and',
      conditions: [asks('eq'), { kind: 'or', conditions: [not] }, asks('regex')],
    }
    expect(textOfList(nested, lists)).toEqual(asks('ends_with', 'g'))
    expect(textOfList({ kind: 'or', conditions: [asks('eq')] }, lists)).toBeUndefined()
  })

  it('sees times as times', () => {
    const time = DateTime.ofStored('2026-01-05T08:30:00+08:00')
    expect(ask('eq', DateTime.ofStored('2026-01-05T00:30:00Z'), time)).toBe(true)
    expect(ask('contains', '08:30', time)).toBe(true)
  })
})

describe('conditions of JSON', () => {
  const leaf = (more: object): string => JSON.stringify([{ field_path: 'f', operator: 'eq', value: 1, ...more }])

  it('are read one by one', () => {
    const text =
      '[{"field_path":"f","operator":"gt","value":1.0},{"value":NaN,"operator":"eq","field_path":"","transform":"len"},' +
      '{"field_path":"g","operator":"regex","value":"a","quantifier":"any","transform":null},' +
      '{"field_path":"g","operator":"ne","value":1,"quantifier":"all","more":1}]'
    const [first, second, third, fourth] = readConditions('conditions', text)
    expect(first).toEqual({ kind: 'leaf', field: 'f', operator: 'gt', value: 1, length: false })
    expect(second).toEqual({ kind: 'leaf', field: '', operator: 'eq', value: NaN, length: true })
    expect(third).toMatchObject({ field: 'g', operator: 'regex', length: false, over: 'any' })
    expect(third?.regex?.isIn('a')).toBe(true)
    expect(fourth).toEqual({ kind: 'leaf', field: 'g', operator: 'ne', value: 1n, length: false, over: 'all' })
  })

  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

  it('may hold a value of 1000 levels, and none that is deeper', () => {
    expect(readConditions('conditions', leaf({ value: nested(1_000) }))).toHaveLength(1)
    expect(() => readConditions('conditions', leaf({ value: nested(1_001) }))).toThrow(
      'condition 1: value nests deeper than 1000 levels',
    )
    expect(() => readConditions('conditions', leaf({ value: { a: nested(1_000) } }))).toThrow('deeper than 1000')
    expect(() => readConditions('conditions', '['.repeat(1_003))).toThrow('it is not JSON')
    for (const levels of [1_004, 100_000])
      expect(() => readConditions('conditions', '['.repeat(levels))).toThrow(
        'conditions: nests deeper than 1000 levels',
      )
  })

  it.each(['', '""', '[]', '{}'])('are none: %j', (text) => {
    expect(readConditions('conditions', text)).toEqual([])
  })

  const FORM = 'must be a JSON list of {"field_path", "operator", "value"}'
  const ELEMENTS = 'eq, ne, contains, starts_with, ends_with, regex'

  it.each([
    ['{"a":1}', FORM],
    ['"a"', FORM],
    ['7', FORM],
    ['null', FORM],
    ['[', `${FORM}: it is not JSON at character 1`],
    ['[1]', 'condition 1: is no object of field_path, operator and value'],
    [leaf({}).replace(']', ',[]]'), 'condition 2: is no object of field_path, operator and value'],
    ['[{}]', 'condition 1: lacks field_path, operator, value (groups are written in qb)'],
    ['[{"field_path":"f","value":1}]', 'condition 1: lacks operator (groups are written in qb)'],
    [leaf({ field_path: 7 }), 'condition 1: field_path must be a text'],
    [leaf({ field_path: null }), 'condition 1: field_path must be a text'],
    [leaf({ field_path: '\ud83d' }), 'condition 1: holds half a surrogate pair, which no stored text has'],
    [leaf({ value: ['a', { b: ['\udd25'] }] }), 'condition 1: holds half a surrogate pair, which no stored text has'],
    [leaf({ operator: 'like' }), `condition 1: operator must be one of: ${OPERATORS.join(', ')}`],
    [leaf({ operator: null }), `condition 1: operator must be one of: ${OPERATORS.join(', ')}`],
    [leaf({ transform: 'lower' }), 'condition 1: transform must be len, where it is given'],
    [leaf({ transform: 1 }), 'condition 1: transform must be len, where it is given'],
    [leaf({ quantifier: 'some' }), 'condition 1: quantifier must be any or all, where it is given'],
    [leaf({ quantifier: 'any', operator: 'gt' }), `condition 1: quantifier goes with the operators ${ELEMENTS}`],
    [leaf({ quantifier: 'all', operator: 'isna' }), `condition 1: quantifier goes with the operators ${ELEMENTS}`],
    [
      leaf({ operator: 'regex', value: '[' }),
      'condition 1: value: unterminated character set at position 0 of the regular expression',
    ],
  ])('%s are refused: %s', (text, reason) => {
    for (const field of ['conditions', 'data_conditions'] as const)
      expect(() => readConditions(field, text)).toThrow(
        expect.objectContaining({
          name: 'FilterError',
          message: `${field}: ${reason}`,
          field,
          reason,
          errors: [{ field, message: reason }],
        }),
      )
  })
})
