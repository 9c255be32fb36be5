import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { parseQb } from '../../shared/filters/qb/parse.ts'
import { readQb } from '../../shared/filters/qb/read-qb.ts'
import { placed, QbError } from '../../shared/filters/qb/syntax.ts'

const NOW = new Date('2027-12-15T20:00:00Z')
const one = { kind: 'constant', value: 1n }

describe('the parser of qb', () => {
  it('says where each part begins: an attribute at its name, an operation at its operator', () => {
    expect(parseQb('QB["a"].eq(1, x=-2)')).toEqual({
      kind: 'call',
      at: 0,
      callee: {
        kind: 'attribute',
        at: 8,
        name: 'eq',
        of: {
          kind: 'subscript',
          at: 0,
          of: { kind: 'name', at: 0, name: 'QB' },
          key: { kind: 'constant', at: 3, value: 'a' },
        },
      },
      positional: [{ ...one, at: 11 }],
      named: [['x', { kind: 'unary', at: 16, operator: '-', operand: { kind: 'constant', at: 17, value: 2n } }]],
    })
    expect(parseQb('\n# why\n[1, (1,)] >= 1 # so\n')).toEqual({
      kind: 'binary',
      at: 17,
      operator: '>=',
      left: {
        kind: 'list',
        at: 7,
        items: [
          { ...one, at: 8 },
          { kind: 'tuple', at: 11, items: [{ ...one, at: 12 }] },
        ],
      },
      right: { ...one, at: 20 },
    })
    expect(parseQb('not x')).toMatchObject({ operator: 'not', operand: { kind: 'name', at: 4, name: 'x' } })
    expect(parseQb('f(1,)')).toMatchObject({ positional: [{ ...one, at: 2 }], named: [] })
    expect(parseQb('1.e5 == 2.e-07')).toMatchObject({ left: { value: 1e5 }, at: 5, right: { at: 8, value: 2e-7 } })
    expect(parseQb('(1)')).toEqual({ ...one, at: 1 })
  })

  it.each([
    ['', 'there is no expression (column 1)'],
    ['# nothing', 'there is no expression (column 1)'],
    ['a\0b', 'a null character is not taken (column 2)'],
    ['a = 1', 'AssignStatement is not taken: write one expression (column 1)'],
    ['import os', 'ImportStatement is not taken: write one expression (column 1)'],
    ['a; b', 'StatementGroup is not taken: write one expression (column 1)'],
    ['import os $', '"$" is not expected (column 11)'],
    ['a = $', '"$" is not expected (column 5)'],
    ['a = 1\n$', 'AssignStatement is not taken: write one expression (column 1)'],
    ['11$1', '"$1" is not expected (column 3)'],
    ['x  ) ', '") " is not expected (column 4)'],
    ['x\ny', '"y" is not expected (line 2, column 1)'],
    ['x\r\ny', '"y" is not expected (line 2, column 1)'],
    ['x\r\ry z', '"y z" is not expected (line 3, column 1)'],
    ['x y', '"y" is not expected (column 3)'],
    ['x 1 234567890', '"1 23456789" is not expected (column 3)'],
    ['x, y', 'write one expression (column 2)'],
    [' x', 'the expression begins with a space (column 1)'],
    [' x\n', 'the expression begins with a space (column 1)'],
    ['# why\n  x', 'the expression begins with a space (line 2, column 1)'],
    ['x(', 'the expression ends too early (column 3)'],
    ['x == 2.)', '")" is not expected (column 8)'],
    ['1 + not 2', '"not 2" is not expected (column 5)'],
    ['1 == not 2', '"not 2" is not expected (column 6)'],
    ['1 and not 2', 'and (write & between parentheses) is not taken in qb (column 3)'],
    ['~not 1', '"not 1" is not expected (column 2)'],
    ['x[]', '"]" is not expected (column 3)'],
    ['x[1, 2]', 'in brackets stands one text, the name of a field (column 3)'],
    ['x[1:2]', 'in brackets stands one text, the name of a field (column 3)'],
    ['x[1,]', 'in brackets stands one text, the name of a field (column 3)'],
    ['x[:]', ': is not taken in qb (column 3)'],
    ['f(a=1, 2)', 'a value stands behind a named one (column 8)'],
    ['f(1, a:=1)', ':= is not taken in qb (column 7)'],
    ['f(*a)', 'a * before a value is not taken in qb (column 3)'],
    ['f(1, **a)', 'a * before a value is not taken in qb (column 6)'],
    ['[1, *a]', 'a * before a value is not taken in qb (column 5)'],
    ['(a for b in c)', 'a comprehension is not taken in qb (column 1)'],
    ['[a for b in c]', 'a comprehension is not taken in qb (column 1)'],
    ['{a for b in c}', 'a comprehension is not taken in qb (column 1)'],
    ['{a: 1 for b in c}', 'a comprehension is not taken in qb (column 1)'],
    ['{1}', 'a set is not taken in qb (column 1)'],
    ['{1: 2}', 'a dict is not taken in qb (column 1)'],
    ['lambda: 1', 'lambda is not taken in qb (column 1)'],
    ['a if b else c', 'if … else is not taken in qb (column 1)'],
    ['(a := 1)', ':= is not taken in qb (column 2)'],
    ['(await x)', 'await is not taken in qb (column 2)'],
    ['(yield 1)', 'YieldExpression is not taken in qb (column 2)'],
    ['f"a"', 'a string with the prefix f is not taken in qb (column 1)'],
    ['"a" f"b"', 'a string with the prefix f is not taken in qb (column 5)'],
    ['1 and 2', 'and (write & between parentheses) is not taken in qb (column 3)'],
    ['1 or 2', 'or (write | between parentheses) is not taken in qb (column 3)'],
    ['1 in x', 'in (write .in_([…])) is not taken in qb (column 3)'],
    ['1 not in x', 'not in (write .not_in([…])) is not taken in qb (column 3)'],
    ['1 is 2', 'is (write .is_null()) is not taken in qb (column 3)'],
    ['1 is not 2', 'is not (write .is_not_null()) is not taken in qb (column 3)'],
    ['1 // 2', '// is not taken in qb (column 3)'],
    ['1 @ 2', '@ is not taken in qb (column 3)'],
    ['1 ^ 2', '^ is not taken in qb (column 3)'],
  ])('refuses %j: %s', (text, reason) => {
    expect(() => readQb(text, NOW)).toThrow(new FilterError('qb', reason))
  })

  it('reads what nests a thousand deep, and no deeper', () => {
    const signs = (depth: number): string => `${'~'.repeat(depth)}1`
    expect(parseQb(signs(1_000)).kind).toBe('unary')
    expect(() => parseQb(signs(1_001))).toThrow(new QbError('the expression nests deeper than 1000', 1_001))
    expect(() => parseQb(`x == ${'( '.repeat(1_000)}`)).toThrow(new QbError('the expression nests deeper than 1000', 5))
    expect(() => parseQb('('.repeat(999))).toThrow(new QbError('the expression ends too early', 999))
  })

  it('refuses all that it does not read by a FilterError', () => {
    const parts =
      'QB ["a"] . .eq .any() ( ) [ ] 1 2. .e5 1j "x" b"y" f"z" \' not in is & | ~ + ** << == := = , : ; lambda \\ # x'
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts.split(' '), ' ', '\n'), { maxLength: 9 }), (words) => {
        try {
          readQb(`QB["a"] == ${words.join('')}`, NOW)
        } catch (error) {
          expect(error).toBeInstanceOf(FilterError)
        }
      }),
    )
  })

  it('passes on what is no error of the expression', () => {
    const fault = new Error('another')
    const failing = (): never => {
      throw fault
    }
    expect(() => placed(RangeError, 3, failing)).toThrow(fault)
    expect(() => placed(Error, 3, failing)).toThrow(new QbError('another', 3))
    expect(placed(Error, 3, () => 1)).toBe(1)
    expect(() => readQb('QB["a"].today()', new Date(NaN))).toThrow(RangeError)
  })
})
