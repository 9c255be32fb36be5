import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { indexedDifferences, indexedText, indexedValues, jsonText } from '../../shared/resources/indexed.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { decodePayload, PayloadInstant } from '../../shared/resources/payload.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'
import { toBase64 } from '../../shared/values/base64.ts'

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

/** A value of a field, as SpecStar writes it to a payload in msgpack or JSON and to `indexed_data`. */
interface Written {
  readonly msgpack: unknown
  readonly json: string
  /** Equal for all forms of the same value, and different for different values. */
  readonly canonical: string
}

const leaf = (msgpack: unknown, json: string, canonical = json): Written => ({ msgpack, json, canonical })

const floatJson = (value: number): string => (Number.isFinite(value) ? jsonText(value) : 'null')

/** Values of every type that msgpack can express. Strings do not look like times or Base64. */
const written: fc.Memo<Written> = fc.memo((depth) =>
  depth <= 1
    ? leaves
    : fc.oneof(
        leaves,
        fc.array(written(depth - 1), { maxLength: 4 }).map((all) => ({
          msgpack: all.map(({ msgpack }) => msgpack),
          json: `[${all.map(({ json }) => json).join(',')}]`,
          canonical: `[${all.map(({ canonical }) => canonical).join(',')}]`,
        })),
        fc.dictionary(fc.string(), written(depth - 1), { maxKeys: 4 }).map((map) => {
          const members = Object.entries(map)
          const object = (of: 'json' | 'canonical', entries = members): string =>
            `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value[of]}`).join(',')}}`
          return {
            msgpack: new Map(members.map(([key, { msgpack }]) => [key, msgpack])),
            json: object('json'),
            canonical: object(
              'canonical',
              members.toSorted(([a], [b]) => (a < b ? -1 : 1)),
            ),
          }
        }),
      ),
)
const numberText = (value: number): string => (Number.isInteger(value) ? BigInt(value).toString() : value.toString())
const leaves: fc.Arbitrary<Written> = fc.oneof(
  fc.constantFrom(leaf(null, 'null'), leaf(true, 'true'), leaf(false, 'false')),
  fc.constantFrom(NaN, Infinity, -Infinity).map((value) => leaf(value, 'null')),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map((value) => leaf(value, value.toString())),
  fc
    .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer().map(Number))
    .filter((value) => !Object.is(value, -0))
    .map((value) => leaf(value, floatJson(value), numberText(value))),
  fc.string().map((text) => leaf(`text ${text}`, JSON.stringify(`text ${text}`))),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => leaf(Buffer.from(bytes), JSON.stringify(toBase64(bytes)))),
  fc
    .tuple(fc.date({ min: new Date(0), max: new Date('2500-01-01'), noInvalidDate: true }), fc.constantFrom(-5, 0, 8))
    .map(([date, hours]) => {
      const local = new Date(date.getTime() + hours * 3_600_000).toISOString().slice(0, -1)
      const offset = `${hours < 0 ? '-' : '+'}0${Math.abs(hours)}:00`
      return leaf(new Timestamp(date.toISOString()), `"${local}${offset}"`, `time ${date.toISOString()}`)
    }),
)

describe('a value in the index', () => {
  const field = { indexed: [{ key: 'k', path: 'f' }] }
  const differences = (payload: Buffer | string, index: string): unknown[] =>
    indexedDifferences(field, `{"k":${index}}`, decodePayload(payload))
  const msgpackOf = ({ msgpack }: Written): Buffer => encodeMsgpack(new Map([['f', msgpack]]))
  const jsonOf = ({ json }: Written): string => `{"f":${json}}`

  it.each([
    ['binary', Buffer.from([0, 255]), '"AP8="'],
    ['an empty binary', Buffer.alloc(0), '""'],
    [
      'binaries in a list and in a map',
      [Buffer.from([1]), new Map([['x', Buffer.from([251, 255])]])],
      '["AQ==",{"x":"+/8="}]',
    ],
    ['NaN in a list', [1, NaN], '[1.0,null]'],
    [
      'infinities in a map',
      new Map([
        ['x', Infinity],
        ['y', -Infinity],
      ]),
      '{"x":null,"y":null}',
    ],
  ])('is equal to %s of msgpack', (_what, value, index) => {
    expect(differences(encodeMsgpack(new Map([['f', value]])), index)).toEqual([])
  })

  it.each([
    ['binary', Buffer.from([0, 255]), '"AP4="', '"AP8="'],
    ['binary', Buffer.from([0, 255]), '{"0":0.0,"1":255.0}', '"AP8="'],
    ['NaN', [1, NaN], '[1.0,0.0]', '[1,null]'],
  ])(
    'that differs from %s of msgpack is reported with the JSON that SpecStar writes',
    (_what, value, index, expected) => {
      expect(differences(encodeMsgpack(new Map([['f', value]])), index)).toEqual([
        { key: 'k', expected, actual: index },
      ])
    },
  )

  it('equals the value of the payload, whatever its type and in both encodings', () => {
    fc.assert(
      fc.property(written(4), (value) => {
        expect(differences(msgpackOf(value), value.json)).toEqual([])
        expect(differences(jsonOf(value), value.json)).toEqual([])
      }),
    )
  })

  it('is reported if and only if the payload has another value', () => {
    fc.assert(
      fc.property(written(2), written(2), (a, b) => {
        expect(differences(msgpackOf(a), b.json)).toHaveLength(a.canonical === b.canonical ? 0 : 1)
        expect(differences(msgpackOf(a), `[${a.json}]`)).toHaveLength(1)
        expect(differences(jsonOf(a), `[${a.json}]`)).toHaveLength(1)
      }),
      { numRuns: 500 },
    )
  })
})
