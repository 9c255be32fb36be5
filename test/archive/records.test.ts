import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { canonicalJson } from '../../shared/archive/canonical-json.ts'
import { decodeLine, encodeLine, recordKeyOf } from '../../shared/archive/record-line.ts'
import { plainNumber } from '../../shared/values/number-text.ts'
import { modelDigest, ResourceLeaf } from '../../shared/archive/digest.ts'
import type { Item } from '../../shared/tables/item.ts'
import { itemsOf } from './sample.ts'

const key: Item = { pk: { S: 'city#m#3' }, sk: { S: 'x' } }
const line = (json: string): Buffer => Buffer.from(`{"Item":{"pk":{"S":"p"},"sk":{"S":"s"},${json}}}\n`)

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
// A record with an attribute or a map key __proto__ is rejected: see below.
const attributeName = text.filter((name) => name !== '__proto__')
const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-100, max: 1e100 }).map(String),
)
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array))
const { value } = fc.letrec<{ value: AttributeValue; map: Record<string, AttributeValue> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    text.map((S): AttributeValue => ({ S })),
    number.map((N): AttributeValue => ({ N })),
    fc.boolean().map((BOOL): AttributeValue => ({ BOOL })),
    fc.constant<AttributeValue>({ NULL: true }),
    bytes.map((B): AttributeValue => ({ B })),
    fc.uniqueArray(text, { minLength: 1, maxLength: 4 }).map((SS): AttributeValue => ({ SS })),
    fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 4 }).map((NS): AttributeValue => ({ NS: NS.map(String) })),
    fc
      .uniqueArray(bytes, { minLength: 1, maxLength: 4, selector: (own) => own.toString('hex') })
      .map((BS): AttributeValue => ({ BS })),
    tie('map').map((M): AttributeValue => ({ M })),
    fc.array(tie('value'), { maxLength: 4 }).map((L): AttributeValue => ({ L })),
  ),
  map: fc.dictionary(attributeName, tie('value'), { maxKeys: 4 }),
}))
const item = fc.dictionary(
  attributeName.filter((name) => name !== ''),
  value,
  { maxKeys: 8 },
)

describe('record lines', () => {
  it('are decoded to the item that was encoded, bytes included', () => {
    fc.assert(
      fc.property(item, (attributes) => {
        const whole = { ...attributes, ...key }
        expect(decodeLine(encodeLine(whole))).toEqual(whole)
      }),
      { numRuns: 500 },
    )
  })

  it('have the same canonical JSON for any order of names and for any derived attributes', () => {
    fc.assert(
      fc.property(item, (attributes) => {
        const reversed: Item = {
          applied_by: { S: 'job' },
          ...Object.fromEntries(Object.entries(attributes).reverse()),
          ...key,
        }
        const derived = ['applied_by', 'created_at', 'updated_at', 'data', 'data_spilled']
        const rest = Object.fromEntries(Object.entries(attributes).filter(([name]) => !derived.includes(name)))
        expect(canonicalJson(reversed)).toBe(canonicalJson(rest))
      }),
      { numRuns: 500 },
    )
  })

  it('have another canonical JSON if the value of an attribute differs', () => {
    fc.assert(
      fc.property(item, attributeName, value, (attributes, name, other) => {
        fc.pre(!['', 'pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled'].includes(name))
        const before = canonicalJson(attributes)
        const after = canonicalJson({ ...attributes, [name]: other })
        const same =
          Object.hasOwn(attributes, name) &&
          canonicalJson({ x: attributes[name] ?? { NULL: true } }) === canonicalJson({ x: other })
        expect(after === before).toBe(same)
      }),
      { numRuns: 500 },
    )
  })

  it('do not confuse a name that contains NUL with two names', () => {
    const [one, two] = [{ 'a\0b': { S: 'x' } }, { a: { S: 'x' }, b: { S: 'x' } }].map(canonicalJson)
    expect([one, two]).toEqual(['{"a\\u0000b":{"S":"x"}}', '{"a":{"S":"x"},"b":{"S":"x"}}'])
  })

  it('have the canonical JSON that FORMAT.md defines', () => {
    expect(
      canonicalJson({
        ...key,
        ﬀ: { N: '+1.50E2' },
        '😀': { N: '-0.0' },
        b: { M: { z: { L: [{ NULL: true }] }, a: { BOOL: false } } },
        a: { SS: ['ﬀ', '😀', 'b'] },
        c: { NS: ['10', '9', '1e0'] },
        d: { BS: [Buffer.from([0xff]), Buffer.from([0x00])] },
        data: { S: 'not in it' },
      }),
    ).toBe(
      '{"a":{"SS":["b","ﬀ","😀"]},"b":{"M":{"a":{"BOOL":false},"z":{"L":[{"NULL":true}]}}},"c":{"NS":["1","10","9"]},' +
        '"d":{"BS":["AA==","/w=="]},"ﬀ":{"N":"150"},"😀":{"N":"0"}}',
    )
  })

  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['000.000', '0'],
    ['007', '7'],
    ['1.10', '1.1'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1E3', '1000'],
    ['12.5e-3', '0.0125'],
    ['-1e-130', `-0.${'0'.repeat(129)}1`],
    ['9.9e125', `99${'0'.repeat(124)}`],
  ])('contain the number %s as %s in canonical JSON', (given, plain) => {
    expect(plainNumber(given)).toBe(plain)
  })

  it.each([
    ['two types', '"a":{"S":"x","N":"1"}'],
    ['no type', '"a":{}'],
    ['an unknown type', '"a":{"X":"1"}'],
    ['a string that is a number', '"a":{"S":1}'],
    ['a number of 39 digits', `"a":{"N":"${'1'.repeat(39)}"}`],
    ['a number too large', '"a":{"N":"1e126"}'],
    ['a number too small', '"a":{"N":"1e-131"}'],
    ['a hexadecimal number', '"a":{"N":"0x10"}'],
    ['an empty set', '"a":{"SS":[]}'],
    ['a set with the same string twice', '"a":{"SS":["x","x"]}'],
    ['a set with the same number twice', '"a":{"NS":["1","1.0"]}'],
    ['a set with the same bytes twice', '"a":{"BS":["AA==","AA=="]}'],
    ['bytes that are not base64', '"a":{"B":"A"}'],
    ['NULL that is false', '"a":{"NULL":false}'],
    ['half a surrogate pair', '"a":{"S":"\\ud800"}'],
    ['an item over 400 KB', `"a":{"S":"${'x'.repeat(400 * 1024)}"}`],
    ['33 levels', `"a":${'{"L":['.repeat(33)}{"S":"x"}${']}'.repeat(33)}`],
    ['an attribute with an empty name', '"":{"S":"x"}'],
    ['an attribute with the name __proto__', '"__proto__":{"S":"x"}'],
    ['a map with the name __proto__', '"m":{"M":{"__proto__":{"S":"x"}}}'],
    ['a sort key over 1,024 bytes', `"sk":{"S":"${'x'.repeat(1025)}"}`],
    ['a sort key that is a number', '"sk":{"N":"1"}'],
  ])('are rejected with %s', (_, json) => {
    expect(() => decodeLine(line(json))).toThrow(/^the archive is invalid: a record: /)
  })

  it('are rejected if they are nested deeper than 100 levels, not counting brackets in strings', () => {
    const nested = (levels: number): Buffer => Buffer.from(`${'['.repeat(levels)}${']'.repeat(levels)}\n`)
    expect(() => decodeLine(nested(101))).toThrow('deeper than 100 levels')
    expect(() => decodeLine(nested(100))).toThrow('the single key Item')
    expect(decodeLine(line(`"a":{"S":"\\"${'['.repeat(500)}"}`))['a']?.S).toHaveLength(501)
    expect(decodeLine(line(`"a":${'{"L":['.repeat(32)}{"S":"x"}${']}'.repeat(32)}`))['a']).toBeDefined()
  })

  it('have the last value of a repeated key', () => {
    expect(decodeLine(line('"a":{"S":"x"},"a":{"S":"y"}'))['a']).toEqual({ S: 'y' })
  })

  it('may have more than 400 KB if the item has not', () => {
    const B = Buffer.alloc(399 * 1024, 7)
    expect(decodeLine(encodeLine({ ...key, a: { B } }))['a']).toEqual({ B })
  })

  it('have a key only if pk and sk are the keys of the store', () => {
    const { metadata, revisions } = itemsOf('city', { id: 'city:ü', revisions: [{ n: 3, data: '{}' }] })
    const [revision = {}] = revisions
    const h = metadata['sk']?.S?.slice(0, 16)
    expect(recordKeyOf(metadata)).toEqual({ kind: 'metadata', model: 'city', id: 'city:ü', h, sk: `${h}/city:ü` })
    expect(recordKeyOf(revision)).toMatchObject({ kind: 'revision', sk: `${h}/city:ü/0000000003/-` })
    expect(recordKeyOf({ ...metadata, pk: { S: 'city#m#999' } }).model).toBe('city')
    expect(() => recordKeyOf({ ...metadata, resource_id: { S: 'city:u' } })).toThrow('sk is')
    expect(() => recordKeyOf({ ...revision, schema_version: { S: '2' } })).toThrow('sk is')
    expect(() => recordKeyOf({ ...metadata, pk: { S: 'city#x#1' } })).toThrow('pk must be')
    expect(() => recordKeyOf({ ...metadata, resource_id: { S: 'a/b' } })).toThrow('a record')
  })

  it('have the digest of an empty input if there is no resource', () => {
    expect(modelDigest([])).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(new ResourceLeaf().digest().length).toBe(32)
  })
})
