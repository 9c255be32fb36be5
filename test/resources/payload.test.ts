import { encode, encodeTimeSpecToTimestamp, encodeTimestampExtension, ExtData } from '@msgpack/msgpack'
import { describe, expect, it } from 'vitest'
import { indexedDifferences, indexedText } from '../../shared/resources/indexed.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { decodePayload, PayloadInstant } from '../../shared/resources/payload.ts'
import { blobRefs, references } from '../../shared/resources/payload-references.ts'
import { sameValue, valueAt, valuesAt } from '../../shared/resources/payload-values.ts'
import { exactNumbers } from '../../shared/values/exact-json.ts'

describe('a payload', () => {
  it('of JSON keeps big integers and floats apart', () => {
    expect(decodePayload('{"a":9007199254740993,"b":1.0,"c":-3,"d":1e21,"e":"7"}')).toEqual({
      a: 9007199254740993n,
      b: 1,
      c: -3n,
      d: 1e21,
      e: '7',
    })
  })

  it('of msgpack is told by its bytes', () => {
    const time = encodeTimestampExtension(new Date('2026-01-05T08:30:00.250Z'))
    const bytes = encode(
      { n: 2n ** 62n, s: 3, f: 0.5, t: new ExtData(-1, time ?? new Uint8Array()) },
      { useBigInt64: true },
    )
    expect(decodePayload(bytes)).toEqual({
      n: 2n ** 62n,
      s: 3n,
      f: 0.5,
      t: new PayloadInstant('2026-01-05T08:30:00.250000Z'),
    })
  })

  it('of msgpack may hold the key __proto__ at any depth, as a key like any other', () => {
    const json =
      '{"__proto__":{"file_id":"a"},"x":[{"__proto__":{"__proto__":[1,{".":"__proto__"}]}}],".":2,"long enough for no cache":3}'
    const bytes = encode(JSON.parse(json))
    const payload = decodePayload(bytes)
    expect(payload).toEqual(decodePayload(json))
    expect(Object.keys(payload as object)).toContain('__proto__')
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype)
    expect(blobRefs(payload)).toEqual([{ file_id: 'a' }])
    expect(valueAt(payload, '__proto__.file_id')).toBe('a')
  })

  it('of msgpack may have lists and numbers for keys', () => {
    const bytes = Buffer.from([0x82, 0x91, 0xa9, ...Buffer.from('__proto__'), 0x05, 0x01, 0xa1, 0x61])
    expect(decodePayload(bytes)).toEqual(
      JSON.parse('{"__proto__":5,"1":"a"}', (_key, value: unknown) => (value === 5 ? 5n : value)),
    )
  })

  it.each([
    [[0x05], 5n],
    [[0x7b], 123n],
    [[0x00], 0n],
    [[0x7f], 127n],
    [[0x37], 7n],
    [[0x80 + 0x50, 0xff], -1n],
    [[0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], 1n],
    [[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5],
    [[0xe0], -32n],
    [[0xa1, 0x61], 'a'],
    [[0xc0], null],
    [[0xc3], true],
  ])('of msgpack may be one bare value: %j', (bytes, value) => {
    expect(decodePayload(Buffer.from(bytes))).toBe(value)
  })

  it.each([
    '',
    '{"',
    'nonsense',
    '{"a":1}}',
    '勇',
    '\u0085',
    '  ',
    '--',
    Buffer.from([]),
    Buffer.from([0x05, 0x05]),
    Buffer.from([0x80, 0x80]),
    Buffer.from([0x81]),
    Buffer.from([0xc1]),
    Buffer.from([0xff, 0xff]),
  ])('that cannot be read is undefined: %j', (data) => {
    expect(decodePayload(data)).toBeUndefined()
  })

  it.each([
    [0, 0, '1970-01-01T00:00:00.000000Z'],
    [1, 999, '1970-01-01T00:00:01.000000Z'],
    [1, 1_000, '1970-01-01T00:00:01.000001Z'],
    [1_767_601_800, 123_456_789, '2026-01-05T08:30:00.123456Z'],
    [-1, 999_999_999, '1969-12-31T23:59:59.999999Z'],
  ])('of msgpack may hold the instant of %d seconds and %d nanoseconds', (sec, nsec, text) => {
    const bytes = encode(new ExtData(-1, encodeTimeSpecToTimestamp({ sec, nsec })))
    expect(decodePayload(bytes)).toEqual(new PayloadInstant(text))
  })

  it('is read from a view of bytes, not from what lies around it', () => {
    expect(decodePayload(new Uint8Array(Buffer.from('7{"a":1}7')).subarray(1, 8))).toEqual({ a: 1n })
  })

  it('has whole numbers as they are written', () => {
    expect(JSON.parse('[-1,1.0,1e3,"1",0]', exactNumbers)).toEqual([-1n, 1, 1000, '1', 0n])
    expect(exactNumbers('', 1, {})).toBe(1)
  })

  it('may be nested deeper than calls can be', () => {
    const deep = `${'[{"x":'.repeat(40_000)}{"file_id":"deep"}${'}]'.repeat(40_000)}`
    expect(blobRefs(decodePayload(deep))).toEqual([{ file_id: 'deep' }])
  })

  it('refers to blobs by maps of one shape, at any depth', () => {
    const payload = decodePayload(
      JSON.stringify({
        a: { file_id: 'one', size: 3, content_type: 'x/y' },
        b: [[{ file_id: 'two' }], { c: { file_id: 'three', content_type: null } }],
        no: [{ file_id: '' }, { file_id: 7 }, { file_id: 'x', name: 'more' }, { size: 1 }, 'file_id'],
        inside: { file_id: 'outer', other: { file_id: 'inner' } },
      }),
    )
    expect(
      blobRefs(payload)
        .map(({ file_id }) => file_id)
        .sort(),
    ).toEqual(['inner', 'one', 'three', 'two'])
  })

  it('tells of a blob its size and type, where they are said, and looks into no other thing', () => {
    expect(blobRefs({ file_id: 'a' })).toStrictEqual([{ file_id: 'a' }])
    expect(blobRefs({ size: 3n, file_id: 'a', content_type: null })).toStrictEqual([
      { file_id: 'a', size: 3n, content_type: null },
    ])
    for (const none of [null, undefined, 'file_id', 7n, Buffer.from('a'), new PayloadInstant('t'), [], {}])
      expect(blobRefs(none)).toEqual([])
  })

  it('has a value at a path of its own keys alone', () => {
    const payload = { a: { b: [1n, { c: 2n }], n: null }, 'x.y': 1n }
    expect(valueAt(payload, 'a.b')).toEqual([1n, { c: 2n }])
    expect(valueAt(payload, 'a.n')).toBeNull()
    for (const path of ['a.n.x', 'a.b.1', 'a.b.length', 'x.y', '', 'a.', 'toString', 'a.constructor'])
      expect(valueAt(payload, path)).toBeUndefined()
    for (const value of [Buffer.from('ab'), new PayloadInstant('t')])
      expect(valueAt({ value }, 'value.0')).toBeUndefined()
    expect(valueAt({ value: new PayloadInstant('t') }, 'value.text')).toBeUndefined()
  })

  it('has all values at a path through lists', () => {
    const payload = [{ a: [[{ b: [1n, [2n]] }], { b: null }, 'x', {}] }, { a: { b: [] } }, null]
    expect(valuesAt(payload, 'a.b')).toEqual([1n, 2n, null])
    expect(valuesAt(payload, 'b')).toEqual([])
    expect(valuesAt({ a: 1n }, 'toString')).toEqual([])
  })

  it('refers to resources by the fields of its model', () => {
    const model = loadModels({
      a: {
        references: [
          { field: 'guild', target: 'a' },
          { field: 'deep.list', target: 'a', list: true },
          { field: 'rows.of', target: 'a', ref_type: 'revision_id' },
          { field: 'absent', target: 'a' },
        ],
      },
    }).get('a')
    const payload = { guild: 'g1', deep: { list: ['l1', null, '', 'l2'] }, rows: [{ of: 'r:1' }, { of: null }, {}] }
    expect(references(model, payload).map(({ field, id, ref_type }) => [field, id, ref_type])).toEqual([
      ['guild', 'g1', 'resource_id'],
      ['deep.list', 'l1', 'resource_id'],
      ['deep.list', 'l2', 'resource_id'],
      ['rows.of', 'r:1', 'revision_id'],
    ])
    expect(valueAt(payload, 'deep.list.0')).toBeUndefined()
  })
})

describe('two values of payloads', () => {
  const instant = new PayloadInstant('2026-01-05T08:30:00.000000Z')

  it.each<[unknown, unknown]>([
    [1n, 1n],
    [1n, 1],
    [0.5, 0.5],
    [NaN, NaN],
    ['a', 'a'],
    [null, null],
    [[], []],
    [
      [1n, ['x']],
      [1, ['x']],
    ],
    [{}, {}],
    [
      { a: 1n, b: [null] },
      { b: [null], a: 1 },
    ],
    [instant, new PayloadInstant(instant.text)],
    [instant, '2026-01-05T16:30:00+08:00'],
  ])('%o and %o are the same', (a, b) => {
    expect(sameValue(a, b)).toBe(true)
    expect(sameValue(b, a)).toBe(true)
  })

  it.each<[unknown, unknown]>([
    [1n, 2n],
    [1n, 1.5],
    [1n, NaN],
    [9007199254740993n, 9007199254740992],
    [0, -0],
    [1n, '1'],
    [1n, true],
    ['2026-01-05T08:30:00Z', '2026-01-05T08:30:00.0Z'],
    [null, undefined],
    [[], {}],
    [[1n], [1n, 2n]],
    [[1n], [2n]],
    [
      [1n, 2n],
      [2n, 1n],
    ],
    [{ a: 1n }, {}],
    [{ a: 1n }, { a: 2n }],
    [{ a: 1n }, { b: 1n }],
    [{ toString: undefined }, { a: undefined }],
    [{ a: 1n }, null],
    [instant, new PayloadInstant('2026-01-05T08:30:00.000001Z')],
    [instant, '2026-01-05T08:30:01Z'],
    [instant, 'no time'],
    [instant, 1767601800n],
    [instant, null],
  ])('%o and %o are not', (a, b) => {
    expect(sameValue(a, b)).toBe(false)
    expect(sameValue(b, a)).toBe(false)
  })
})

describe('indexed values', () => {
  const model = loadModels({
    a: { indexed: ['name', { key: 'class_', path: 'class' }, 'p.q', { key: 'xp', type: 'float' }] },
  }).get('a')
  const payload = decodePayload('{"name":"n","class":null,"p":{"q":["x",{"k":1}]},"xp":2.5}')

  it('that are what the payload gives differ in nothing', () => {
    expect(
      indexedDifferences(model, '{"p.q":["x",{"k":1}],"xp":2.5,"name":"n","class_":null,"old":3}', payload),
    ).toEqual([])
  })

  it('that are not are named, with what was expected and found', () => {
    expect(indexedDifferences(model, '{"name":"m","xp":2.5,"class_":null,"p.q":null}', payload)).toEqual([
      { key: 'name', expected: '"n"', actual: '"m"' },
      { key: 'p.q', expected: '["x",{"k":1}]', actual: 'null' },
    ])
    expect(indexedDifferences(model, undefined, payload)).toHaveLength(4)
  })

  it('are written so that floats stay floats', () => {
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
