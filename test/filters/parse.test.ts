import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { parseQb } from '../../shared/filters/qb/parse.ts'
import { readQb } from '../../shared/filters/qb/read-qb.ts'
import { QbError, withOffset } from '../../shared/filters/qb/syntax.ts'

const NOW = new Date('2027-12-15T20:00:00Z')
const one = { kind: 'constant', value: 1n }

describe('the parser of qb', () => {
  it('locates an attribute at its name, an operation at its operator, and other nodes at their beginning', () => {
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
    ['', 'the expression is empty (column 1)'],
    ['# nothing', 'the expression is empty (column 1)'],
    ['a\0b', 'the expression must not contain a null character (column 2)'],
    ['a = 1', 'a statement (AssignStatement) is not supported in qb: write a single expression (column 1)'],
    ['import os', 'a statement (ImportStatement) is not supported in qb: write a single expression (column 1)'],
    ['a; b', 'a statement (StatementGroup) is not supported in qb: write a single expression (column 1)'],
    ['import os $', 'unexpected "$" (column 11)'],
    ['a = $', 'unexpected "$" (column 5)'],
    ['a = 1\n$', 'a statement (AssignStatement) is not supported in qb: write a single expression (column 1)'],
    ['11$1', 'unexpected "$1" (column 3)'],
    ['x  ) ', 'unexpected ") " (column 4)'],
    ['x\ny', 'unexpected "y" (line 2, column 1)'],
    ['x\r\ny', 'unexpected "y" (line 2, column 1)'],
    ['x\r\ry z', 'unexpected "y z" (line 3, column 1)'],
    ['x y', 'unexpected "y" (column 3)'],
    ['x 1 234567890', 'unexpected "1 23456789" (column 3)'],
    ['x, y', 'write a single expression (column 2)'],
    [' x', 'the expression must not start with white space (column 1)'],
    [' x\n', 'the expression must not start with white space (column 1)'],
    ['# why\n  x', 'the expression must not start with white space (line 2, column 1)'],
    ['x(', 'the expression ends too early (column 3)'],
    ['x == 2.)', 'unexpected ")" (column 8)'],
    ['1 + not 2', 'unexpected "not 2" (column 5)'],
    ['1 == not 2', 'unexpected "not 2" (column 6)'],
    ['1 and not 2', '`and` is not supported in qb: write (…) & (…) (column 3)'],
    ['~not 1', 'unexpected "not 1" (column 2)'],
    ['x[]', 'unexpected "]" (column 3)'],
    ['x[1, 2]', 'brackets must contain one string, the name of a field, such as QB["a"] (column 3)'],
    ['x[1:2]', 'brackets must contain one string, the name of a field, such as QB["a"] (column 3)'],
    ['x[1,]', 'brackets must contain one string, the name of a field, such as QB["a"] (column 3)'],
    ['x[:]', '`:` is not supported in qb (column 3)'],
    ['f(a=1, 2)', 'a positional argument must not follow a named argument (column 8)'],
    ['f(1, a:=1)', '`:=` is not supported in qb (column 7)'],
    ['f(*a)', 'unpacking with `*` is not supported in qb (column 3)'],
    ['f(1, **a)', 'unpacking with `*` is not supported in qb (column 6)'],
    ['[1, *a]', 'unpacking with `*` is not supported in qb (column 5)'],
    ['(a for b in c)', 'a comprehension is not supported in qb (column 1)'],
    ['[a for b in c]', 'a comprehension is not supported in qb (column 1)'],
    ['{a for b in c}', 'a comprehension is not supported in qb (column 1)'],
    ['{a: 1 for b in c}', 'a comprehension is not supported in qb (column 1)'],
    ['{1}', 'a set is not supported in qb (column 1)'],
    ['{1: 2}', 'a dict is not supported in qb (column 1)'],
    ['lambda: 1', '`lambda` is not supported in qb (column 1)'],
    ['a if b else c', '`if … else` is not supported in qb (column 1)'],
    ['(a := 1)', '`:=` is not supported in qb (column 2)'],
    ['(await x)', '`await` is not supported in qb (column 2)'],
    ['(yield 1)', '`yield` is not supported in qb (column 2)'],
    ['f"a"', 'an f-string is not supported in qb (column 1)'],
    ['"a" f"b"', 'an f-string is not supported in qb (column 5)'],
    ['1 and 2', '`and` is not supported in qb: write (…) & (…) (column 3)'],
    ['1 or 2', '`or` is not supported in qb: write (…) | (…) (column 3)'],
    ['1 in x', '`in` is not supported in qb: write .in_([…]) (column 3)'],
    ['1 not in x', '`not in` is not supported in qb: write .not_in([…]) (column 3)'],
    ['1 is 2', '`is` is not supported in qb: write .is_null() (column 3)'],
    ['1 is not 2', '`is not` is not supported in qb: write .is_not_null() (column 3)'],
    ['1 // 2', '`//` is not supported in qb (column 3)'],
    ['1 @ 2', '`@` is not supported in qb (column 3)'],
    ['1 ^ 2', '`^` is not supported in qb (column 3)'],
  ])('rejects %j: %s', (text, reason) => {
    expect(() => readQb(text, NOW)).toThrow(new FilterError('qb', reason))
  })

  it('accepts 1000 levels of nesting and rejects more', () => {
    const signs = (depth: number): string => `${'~'.repeat(depth)}1`
    expect(parseQb(signs(1_000)).kind).toBe('unary')
    expect(() => parseQb(signs(1_001))).toThrow(new QbError('the expression nests deeper than 1000 levels', 1_001))
    expect(() => parseQb(`x == ${'( '.repeat(1_000)}`)).toThrow(
      new QbError('the expression nests deeper than 1000 levels', 5),
    )
    expect(() => parseQb('('.repeat(999))).toThrow(new QbError('the expression ends too early', 999))
  })

  it('rejects every text that it cannot read with a FilterError', () => {
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

  it('passes on errors that are not about the expression', () => {
    const fault = new Error('another')
    const failing = (): never => {
      throw fault
    }
    expect(() => withOffset(RangeError, 3, failing)).toThrow(fault)
    expect(() => withOffset(Error, 3, failing)).toThrow(new QbError('another', 3))
    expect(withOffset(Error, 3, () => 1)).toBe(1)
    expect(() => readQb('QB["a"].today()', new Date(NaN))).toThrow(RangeError)
  })
})
