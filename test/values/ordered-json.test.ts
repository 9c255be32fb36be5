import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderedJsonText, parseOrderedJson, parsePythonJson } from '../../shared/values/ordered-json.ts'

describe('ordered JSON', () => {
  it.each<[string, unknown]>([
    ['0', 0n],
    ['-0', 0n],
    ['-12', -12n],
    ['9007199254740993', 9007199254740993n],
    ['1.0', 1],
    ['-0.0', -0],
    ['1e2', 100],
    ['1E+2', 100],
    ['25e-1', 2.5],
    ['1.5e1', 15],
    ['true', true],
    ['false', false],
    ['null', null],
    ['""', ''],
    ['"a\\"\\\\\\u00e9\\n"', 'a"\\é\n'],
    ['[]', []],
    ['[ ]', []],
    ['[1,[2.0],"x"]', [1n, [2], 'x']],
    ['{}', new Map()],
    ['{ }', new Map()],
    [
      '{"10":1,"9":{"a":null}}',
      new Map<string, unknown>([
        ['10', 1n],
        ['9', new Map([['a', null]])],
      ]),
    ],
    [
      '{"a":1,"b":2,"a":3}',
      new Map([
        ['a', 3n],
        ['b', 2n],
      ]),
    ],
    [
      ' \t\n\r{ "a" : [ 1 , 2 ] , "b" : true } \n',
      new Map<string, unknown>([
        ['a', [1n, 2n]],
        ['b', true],
      ]),
    ],
  ])('parses %s', (text, value) => {
    expect(parseOrderedJson(text)).toStrictEqual(value)
    expect(parsePythonJson(text)).toStrictEqual(value)
  })

  it('keeps the order of keys that look like integers', () => {
    const map = parseOrderedJson('{"b":0,"10":1,"9":2,"a":3}')
    expect(map instanceof Map ? [...map.keys()] : undefined).toEqual(['b', '10', '9', 'a'])
  })

  it.each([
    ['', 0],
    [' ', 1],
    ['tru', 0],
    ['True', 0],
    ['truefalse', 4],
    ['1 2', 2],
    ['01', 1],
    ['.5', 0],
    ['1.', 1],
    ['1.e5', 1],
    ['1e', 1],
    ['+1', 0],
    ['-', 0],
    ['- 1', 0],
    ['--1', 0],
    ['"a', 0],
    ['"a\\"', 0],
    ['"\\x41"', 6],
    ['"a\nb"', 5],
    ["'a'", 0],
    ['[1', 2],
    ['[1,', 3],
    ['[1,]', 3],
    ['[,1]', 1],
    ['[1 2]', 3],
    ['[1}', 2],
    [']', 0],
    ['{', 1],
    ['{"a"}', 4],
    ['{"a":}', 5],
    ['{"a" 1}', 5],
    ['{"a":1', 6],
    ['{"a":1,}', 7],
    ['{"a":1]', 6],
    ['{a:1}', 1],
    ['{1:1}', 1],
    ['{"a":1}}', 7],
    ['\ufeff1', 0],
    ['\u00a01', 0],
  ])('rejects %j at character %d', (text, at) => {
    expect(() => parseOrderedJson(text)).toThrow(new RangeError(`invalid JSON at character ${at}`))
    expect(() => parsePythonJson(text)).toThrow(new RangeError(`invalid JSON at character ${at}`))
  })

  it.each([
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
  ])('accepts %s as a number in Python’s JSON only', (text, value) => {
    expect(parsePythonJson(`[${text}, 1]`)).toEqual([value, 1n])
    expect(() => parseOrderedJson(`[${text}]`)).toThrow(new RangeError('invalid JSON at character 1'))
  })

  it.each<[unknown, string]>([
    [7n, '7'],
    [7, '7.0'],
    [-0, '-0.0'],
    [0, '0.0'],
    [0.5, '0.5'],
    [1e21, '1e+21'],
    [5e-7, '5e-7'],
    ['a"', '"a\\""'],
    [true, 'true'],
    [false, 'false'],
    [null, 'null'],
    [[], '[]'],
    [[1n, [2]], '[1,[2.0]]'],
    [new Map(), '{}'],
    [
      new Map<string, unknown>([
        ['9', 1n],
        ['a"', [null]],
      ]),
      '{"9":1,"a\\"":[null]}',
    ],
  ])('writes %o', (value, text) => {
    expect(orderedJsonText(value)).toBe(text)
  })

  it.each([
    [NaN, 'NaN cannot be written as JSON'],
    [Infinity, 'Infinity cannot be written as JSON'],
    [-Infinity, '-Infinity cannot be written as JSON'],
    [undefined, 'only null, booleans, numbers, strings, lists and maps can be written as JSON'],
    [Buffer.from('a'), 'only null, booleans, numbers, strings, lists and maps can be written as JSON'],
    [{}, 'only null, booleans, numbers, strings, lists and maps can be written as JSON'],
  ])('cannot write %o', (value, reason) => {
    expect(() => orderedJsonText(value)).toThrow(new RangeError(reason))
    expect(() => orderedJsonText([new Map([['a', value]])])).toThrow(new RangeError(reason))
  })

  it('returns the values of JSON.parse for any JSON', () => {
    const plain = (value: unknown): unknown => {
      if (value instanceof Map)
        return Object.fromEntries([...value].map(([key, member]) => [String(key), plain(member)]))
      if (Array.isArray(value)) return value.map(plain)
      return typeof value === 'bigint' ? Number(value) : Object.is(value, -0) ? 0 : value
    }
    fc.assert(
      fc.property(fc.json(), (json) => {
        // `JSON.parse` sets the prototype of an object with this key, so the objects would not compare as equal.
        const comparable = json.replaceAll('__proto__', 'proto')
        expect(plain(parseOrderedJson(comparable))).toEqual(JSON.parse(comparable))
      }),
    )
  })

  it('parses every value that it has written', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, false),
        fc.bigInt(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.string({ unit: 'binary' }),
        fc.array(tie('value'), { maxLength: 3 }),
        fc
          .uniqueArray(fc.tuple(fc.string(), tie('value')), { maxLength: 3, selector: ([key]) => key })
          .map((all) => new Map(all)),
      ),
    }))
    fc.assert(
      fc.property(value, (made) => {
        expect(parseOrderedJson(orderedJsonText(made))).toStrictEqual(made)
      }),
      { numRuns: 300 },
    )
  })
})
