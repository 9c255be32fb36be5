import { describe, expect, it } from 'vitest'
import { OPERATOR_NAMES } from '../../shared/filters/operators.ts'
import { readConditions } from '../../shared/filters/read-conditions.ts'

describe('conditions in JSON', () => {
  const one = (more: object): string => JSON.stringify([{ field_path: 'f', operator: 'eq', value: 1, ...more }])

  it('are read in their order', () => {
    const text =
      '[{"field_path":"f","operator":"gt","value":1.0},{"value":NaN,"operator":"eq","field_path":"","transform":"len"},' +
      '{"field_path":"g","operator":"regex","value":"a","quantifier":"any","transform":null},' +
      '{"field_path":"g","operator":"ne","value":1,"quantifier":"all","more":1}]'
    const [first, second, third, fourth] = readConditions('conditions', text)
    expect(first).toMatchObject({ kind: 'field', field: 'f', operator: 'gt', value: 1, length: false })
    expect(second).toMatchObject({ kind: 'field', field: '', operator: 'eq', value: NaN, length: true })
    expect(third).toMatchObject({ field: 'g', operator: 'regex', length: false, quantifier: 'any' })
    expect(third?.test('a')).toBe(true)
    expect(fourth).toMatchObject({
      kind: 'field',
      field: 'g',
      operator: 'ne',
      value: 1n,
      length: false,
      quantifier: 'all',
    })
  })

  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

  it('may contain a value of 1000 levels, but not a deeper one', () => {
    expect(readConditions('conditions', one({ value: nested(1_000) }))).toHaveLength(1)
    expect(() => readConditions('conditions', one({ value: nested(1_001) }))).toThrow(
      'condition 1: value must not nest deeper than 1000 levels',
    )
    expect(() => readConditions('conditions', one({ value: { a: nested(1_000) } }))).toThrow('deeper than 1000')
    expect(() => readConditions('conditions', '['.repeat(1_003))).toThrow('invalid JSON')
    for (const levels of [1_004, 100_000])
      expect(() => readConditions('conditions', '['.repeat(levels))).toThrow(
        'conditions: must not nest deeper than 1000 levels',
      )
  })

  it.each(['', '""', '[]', '{}'])('are empty: %j', (text) => {
    expect(readConditions('conditions', text)).toEqual([])
  })

  const FORM =
    'must be a JSON list of objects with field_path, operator and value, ' +
    'such as [{"field_path": "level", "operator": "gt", "value": 3}]'
  const QUANTIFIABLE = 'eq, ne, contains, starts_with, ends_with, regex'

  it.each([
    ['{"a":1}', FORM],
    ['"a"', FORM],
    ['7', FORM],
    ['null', FORM],
    ['[', `${FORM} (invalid JSON at character 1)`],
    ['[1]', 'condition 1: must be an object with field_path, operator and value'],
    [one({}).replace(']', ',[]]'), 'condition 2: must be an object with field_path, operator and value'],
    ['[{}]', 'condition 1: field_path, operator, value missing (use qb for groups of conditions)'],
    ['[{"field_path":"f","value":1}]', 'condition 1: operator missing (use qb for groups of conditions)'],
    [one({ field_path: 7 }), 'condition 1: field_path must be a string'],
    [one({ field_path: null }), 'condition 1: field_path must be a string'],
    [one({ field_path: '\ud83d' }), 'condition 1: field_path must not contain half of a surrogate pair'],
    [one({ value: ['a', { b: ['\udd25'] }] }), 'condition 1: value must not contain half of a surrogate pair'],
    [one({ operator: 'like' }), `condition 1: operator must be one of: ${OPERATOR_NAMES.join(', ')}`],
    [one({ operator: null }), `condition 1: operator must be one of: ${OPERATOR_NAMES.join(', ')}`],
    [one({ transform: 'lower' }), 'condition 1: transform must be len or absent'],
    [one({ transform: 1 }), 'condition 1: transform must be len or absent'],
    [one({ quantifier: 'some' }), 'condition 1: quantifier must be any, all or absent'],
    [
      one({ quantifier: 'any', operator: 'gt' }),
      `condition 1: quantifier is only allowed with the operators ${QUANTIFIABLE}`,
    ],
    [
      one({ quantifier: 'all', operator: 'isna' }),
      `condition 1: quantifier is only allowed with the operators ${QUANTIFIABLE}`,
    ],
    [
      one({ operator: 'regex', value: '[' }),
      'condition 1: value: unterminated character set at position 0 of the regular expression',
    ],
  ])('%s are rejected: %s', (text, reason) => {
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
