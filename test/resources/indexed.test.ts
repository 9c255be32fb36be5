import { describe, expect, it } from 'vitest'
import { indexedDifferences, indexedText, indexedValues, jsonText } from '../../shared/resources/indexed.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { decodePayload, PayloadInstant } from '../../shared/resources/payload.ts'

const model = {
  indexed: [
    { key: 'b', path: 'b' },
    { key: 'a.x', path: 'a.x' },
  ],
}

describe('the indexed values of a payload', () => {
  it('are in the order of the model, and null if a step of the path is missing or a number cannot be written as JSON', () => {
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

  it('are not compared if the payload cannot be decoded', () => {
    expect(indexedDifferences(model, '{"b":1}', undefined)).toEqual([])
  })

  it('are reported as absent if the index lacks them or is not a JSON object', () => {
    const absent = (key: string, expected: string): object => ({ key, expected, actual: 'absent' })
    for (const index of [undefined, '', '{}', 'null', '7', '"b"', '{"a":{"x":1}}'])
      expect(indexedDifferences(model, index, { b: 'q', a: { x: 1n } })).toEqual([
        absent('b', '"q"'),
        absent('a.x', '1'),
      ])
    expect(indexedDifferences(model, '{"toString":1}', {})).toEqual([absent('b', 'null'), absent('a.x', 'null')])
    expect(indexedDifferences({ indexed: [{ key: 'toString', path: 't' }] }, '{}', {})).toHaveLength(1)
  })

  it('are equal instants in different notations', () => {
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
    [-0, '-0.0'],
    [NaN, 'null'],
    [new PayloadInstant('2026-01-05T08:30:00.000000Z'), '"2026-01-05T08:30:00.000000Z"'],
    [[], '[]'],
    [[1n, [2]], '[1,[2.0]]'],
    [{}, '{}'],
    [{ 'k"': { l: null } }, '{"k\\"":{"l":null}}'],
  ])('are reported as JSON: %o', (value, text) => {
    expect(jsonText(value)).toBe(text)
  })

  it('are written as one object', () => {
    expect(indexedText([])).toBe('{}')
    expect(
      indexedText([
        ['a', 1n],
        ['b', 'x'],
      ]),
    ).toBe('{"a":1,"b":"x"}')
  })
})

describe('stored indexed values', () => {
  const model = loadModels({
    a: { indexed: ['name', { key: 'class_', path: 'class' }, 'p.q', { key: 'xp', type: 'float' }] },
  }).get('a')
  const payload = decodePayload('{"name":"n","class":null,"p":{"q":["x",{"k":1}]},"xp":2.5}')

  it('do not differ if they are those of the payload', () => {
    expect(
      indexedDifferences(model, '{"p.q":["x",{"k":1}],"xp":2.5,"name":"n","class_":null,"old":3}', payload),
    ).toEqual([])
  })

  it('are reported with the expected and the actual value if they differ', () => {
    expect(indexedDifferences(model, '{"name":"m","xp":2.5,"class_":null,"p.q":null}', payload)).toEqual([
      { key: 'name', expected: '"n"', actual: '"m"' },
      { key: 'p.q', expected: '["x",{"k":1}]', actual: 'null' },
    ])
    expect(indexedDifferences(model, undefined, payload)).toHaveLength(4)
  })

  it('are written with a fraction or an exponent if they are floats', () => {
    expect(
      indexedText([
        ['i', 9007199254740993n],
        ['f', 1],
        ['e', 1e21],
        ['t', 5e-324],
        ['l', [1n, null, 'a"']],
        ['d.e', { k: -0.5 }],
      ]),
    ).toBe('{"i":9007199254740993,"f":1.0,"e":1e+21,"t":5e-324,"l":[1,null,"a\\""],"d.e":{"k":-0.5}}')
  })
})
