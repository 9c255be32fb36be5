import { describe, expect, it } from 'vitest'
import { indexedDifferences, indexedText, indexedValues, jsonText } from '../../shared/resources/indexed.ts'
import { PayloadInstant } from '../../shared/resources/payload.ts'

const model = {
  indexed: [
    { key: 'b', path: 'b' },
    { key: 'a.x', path: 'a.x' },
  ],
}

describe('what an index holds of a payload', () => {
  it('stands in the order of the model, null where a step is missing or a number has no JSON', () => {
    expect(indexedValues(model, { a: { x: 1n }, b: 2.5 })).toEqual([
      ['b', 2.5],
      ['a.x', 1n],
    ])
    expect(indexedValues(model, { a: 'x' })).toEqual([
      ['b', null],
      ['a.x', null],
    ])
    for (const b of [NaN, Infinity, -Infinity]) expect(indexedValues(model, { b })[0]).toEqual(['b', null])
    expect(indexedValues(model, { b: '', a: { x: false } })).toEqual([
      ['b', ''],
      ['a.x', false],
    ])
  })

  it('is not compared where the payload cannot be read', () => {
    expect(indexedDifferences(model, '{"b":1}', undefined)).toEqual([])
  })

  it('is absent where the index lacks it, or is none', () => {
    const absent = (key: string, expected: string): object => ({ key, expected, actual: 'absent' })
    for (const index of [undefined, '', '{}', 'null', '7', '"b"', '{"a":{"x":1}}'])
      expect(indexedDifferences(model, index, { b: 'q', a: { x: 1n } })).toEqual([
        absent('b', '"q"'),
        absent('a.x', '1'),
      ])
    expect(indexedDifferences(model, '{"toString":1}', {})).toEqual([absent('b', 'null'), absent('a.x', 'null')])
    expect(indexedDifferences({ indexed: [{ key: 'toString', path: 't' }] }, '{}', {})).toHaveLength(1)
  })

  it('is the same instant, however it is written', () => {
    const payload = { b: new PayloadInstant('2026-01-05T08:30:00.000000Z'), a: { x: null } }
    expect(indexedDifferences(model, '{"b":"2026-01-05T16:30:00+08:00","a.x":null}', payload)).toEqual([])
    expect(indexedDifferences(model, '{"b":"2026-01-05T16:30:01+08:00","a.x":null}', payload)).toEqual([
      { key: 'b', expected: '"2026-01-05T08:30:00.000000Z"', actual: '"2026-01-05T16:30:01+08:00"' },
    ])
  })

  it.each([
    [undefined, 'absent'],
    [null, 'null'],
    [true, 'true'],
    ['a"', '"a\\""'],
    [-7n, '-7'],
    [7, '7.0'],
    [0.25, '0.25'],
    [1e21, '1e+21'],
    [NaN, 'null'],
    [new PayloadInstant('2026-01-05T08:30:00.000000Z'), '"2026-01-05T08:30:00.000000Z"'],
    [[], '[]'],
    [[1n, [2]], '[1,[2.0]]'],
    [{}, '{}'],
    [{ 'k"': { l: null } }, '{"k\\"":{"l":null}}'],
  ])('is told as JSON: %o', (value, text) => {
    expect(jsonText(value)).toBe(text)
  })

  it('is written as one object, with nothing in it for no values', () => {
    expect(indexedText([])).toBe('{}')
    expect(
      indexedText([
        ['a', 1n],
        ['b', 'x'],
      ]),
    ).toBe('{"a":1,"b":"x"}')
  })
})
