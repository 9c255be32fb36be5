import { describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { decodeMsgpack } from '../../shared/specstar/msgpack-reader.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import {
  decodeMeta,
  decodeRevision,
  encodeMeta,
  encodeRevision,
  strangeAttributes,
} from '../../shared/specstar/resource-records.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'

const packed = (fields: object): Buffer => encodeMsgpack(new Map<string, unknown>(Object.entries(fields)))

const UID = '0b5e2f0a-8d1c-4a3e-9f10-abcdefABCDEF'
const NOON = new Timestamp('2026-01-05T12:00:00Z')
const NINE = '2026-01-05T09:00:00'
const indexed = new Map<string, unknown>([
  ['10', 1n],
  ['level', 1],
])

/** What a record must hold, and what it may. */
const META = {
  current_revision_id: 'a:2',
  resource_id: 'a',
  total_revision_count: 2n,
  created_time: NOON,
  updated_time: NINE,
  created_by: 'ann',
  updated_by: 'bob',
}
const MORE_META = {
  schema_version: 'v1',
  is_deleted: true,
  indexed_data: indexed,
  rev_status: 'draft',
  rev_created_by: 'cid',
  rev_updated_by: 'dot',
  rev_created_time: NINE,
  rev_updated_time: NOON,
}
const INFO = {
  uid: UID,
  resource_id: 'a',
  revision_id: 'a:2',
  status: 'stable',
  created_time: NOON,
  updated_time: NINE,
  created_by: 'ann',
  updated_by: 'bob',
}
const MORE_INFO = {
  parent_revision_id: 'a:1',
  parent_schema_version: 'v0',
  schema_version: 'v1',
  data_hash: 'xxh3_128:00',
}
const revision = (info: unknown, payload: unknown = Buffer.from('{}')): Buffer => packed({ info, raw_data: payload })
const infoMap = (fields: object): Map<string, unknown> => new Map(Object.entries(fields))

describe('metadata of a stream', () => {
  it('is read with every field, times as text and indexed data as JSON', () => {
    expect(decodeMeta(packed({ ...META, ...MORE_META }))).toEqual({
      meta: {
        ...META,
        ...MORE_META,
        created_time: NOON.text,
        rev_updated_time: NOON.text,
        indexed_data: '{"10":1,"level":1.0}',
      },
      unknown: [],
    })
  })

  it('that says no more than it must has no schema version and is not deleted', () => {
    expect(decodeMeta(packed(META)).meta).toStrictEqual({
      ...META,
      created_time: NOON.text,
      schema_version: null,
      is_deleted: false,
    })
  })

  it('names the keys that SpecStar does not know, and passes them over', () => {
    const { meta, unknown } = decodeMeta(packed({ colour: 1n, ...META, ['__proto__']: null, toString: 'x' }))
    expect(unknown).toEqual(['colour', '__proto__', 'toString'])
    expect(Object.keys(meta)).not.toContain('colour')
    expect(decodeMeta(packed({ ...META, ['__proto__']: null })).unknown).toEqual(['__proto__'])
  })

  it.each(Object.keys(META))('without %s is refused', (name) => {
    const rest = Object.fromEntries(Object.entries(META).filter(([key]) => key !== name))
    expect(() => decodeMeta(packed(rest))).toThrow(new RegExp(`^${name}: Invalid input`))
  })

  it.each(Object.keys(META))('where %s is nil is refused', (name) => {
    expect(() => decodeMeta(packed({ ...META, [name]: null }))).toThrow(new RegExp(`^${name}: Invalid input`))
  })

  it.each([
    ['a time that is none', { created_time: 'soon' }, 'created_time: is not a time'],
    ['a time of another type', { rev_created_time: 5n }, 'rev_created_time: Invalid input'],
    ['a count below zero', { total_revision_count: -1n }, 'total_revision_count: Too small: expected bigint to be >=0'],
    [
      'a count that is a float',
      { total_revision_count: 1 },
      'total_revision_count: Invalid input: expected bigint, received number',
    ],
    ['a status that is none', { rev_status: 'odd' }, 'rev_status: Invalid option: expected one of "draft"|"stable"'],
    ['indexed data that are no map', { indexed_data: [] }, 'indexed_data: Invalid input: expected Map, received array'],
    [
      'indexed data with what JSON lacks',
      { indexed_data: new Map([['a', Buffer.alloc(1)]]) },
      'indexed_data: the value has no JSON text',
    ],
    [
      'indexed data with what is no number',
      { indexed_data: new Map([['a', NaN]]) },
      'indexed_data: NaN has no JSON text',
    ],
  ])('with %s is refused by its name', (_what, fields, message) => {
    expect(() => decodeMeta(packed({ ...META, ...fields }))).toThrow(new RangeError(message))
  })

  it('may have no revisions and no schema', () => {
    expect(decodeMeta(packed({ ...META, total_revision_count: 0n, schema_version: null })).meta).toMatchObject({
      total_revision_count: 0n,
      schema_version: null,
    })
  })

  it.each([
    ['a list', []],
    ['nil', null],
    ['a number', 5n],
  ])('that is %s is refused', (_what, value) => {
    expect(() => decodeMeta(encodeMsgpack(value))).toThrow(new RangeError('it is not a map'))
    expect(() => decodeRevision(encodeMsgpack(value))).toThrow(new RangeError('it is not a map'))
  })
})

describe('a revision of a stream', () => {
  it('is read with every field, and its payload is a view of the record', () => {
    const data = revision(infoMap({ ...INFO, ...MORE_INFO }), Buffer.from('{"a":1}'))
    const { info, payload, unknown } = decodeRevision(data)
    expect(info).toEqual({ ...INFO, ...MORE_INFO, created_time: NOON.text })
    expect(payload.toString()).toBe('{"a":1}')
    expect(payload.buffer).toBe(data.buffer)
    expect(unknown).toEqual([])
  })

  it('that says no more than it must has no parent and no schema version', () => {
    const { info, unknown } = decodeRevision(revision(infoMap({ ...INFO, colour: 1n })))
    expect(info).toStrictEqual({
      ...INFO,
      created_time: NOON.text,
      parent_revision_id: null,
      schema_version: null,
    })
    expect(unknown).toEqual(['colour'])
  })

  it('may have a parent whose schema has no version', () => {
    const info = infoMap({ ...INFO, parent_schema_version: null, parent_revision_id: null })
    expect(decodeRevision(revision(info)).info).toHaveProperty('parent_schema_version', null)
  })

  it.each(Object.keys(INFO))('without %s is refused', (name) => {
    const rest = Object.fromEntries(Object.entries(INFO).filter(([key]) => key !== name))
    expect(() => decodeRevision(revision(infoMap(rest)))).toThrow(new RegExp(`^${name}: Invalid (input|option)`))
  })

  it.each([
    ['short', UID.slice(1)],
    ['long before', `0${UID}`],
    ['long behind', `${UID}0`],
    ['without dashes', UID.replaceAll('-', '')],
    ['of other letters', UID.replace('f', 'g')],
    ['empty', ''],
  ])('whose uid is %s is refused', (_what, uid) => {
    expect(() => decodeRevision(revision(infoMap({ ...INFO, uid })))).toThrow(new RangeError('uid: is not a UUID'))
  })

  it.each([
    ['info that is no map', revision([]), 'info: Invalid input: expected Map, received array'],
    ['no payload', packed({ info: infoMap(INFO) }), 'raw_data: Invalid input: expected Buffer, received undefined'],
    [
      'a payload that is a text',
      revision(infoMap(INFO), 'x'),
      'raw_data: Invalid input: expected Buffer, received string',
    ],
    [
      'a status that is none',
      revision(infoMap({ ...INFO, status: 'odd' })),
      'status: Invalid option: expected one of "draft"|"stable"',
    ],
  ])('with %s is refused by its name', (_what, data, message) => {
    expect(() => decodeRevision(data)).toThrow(new RangeError(message))
  })
})

const META_ITEM: Item = {
  pk: { S: 'a#m#0' },
  updated_by: { S: 'bob' },
  created_by: { S: 'ann' },
  updated_time: { S: NINE },
  created_time: { S: '2026-01-05T13:00:00+01:00' },
  total_revision_count: { N: '2.0E0' },
  resource_id: { S: 'a' },
  current_revision_id: { S: 'a:2' },
}
const INFO_ITEM: Item = {
  updated_by: { S: 'bob' },
  created_by: { S: 'ann' },
  updated_time: { S: NINE },
  created_time: { S: NOON.text },
  status: { S: 'stable' },
  revision_id: { S: 'a:2' },
  resource_id: { S: 'a' },
  uid: { S: UID },
}

describe("a stored item's record", () => {
  it('has the fields in the order of SpecStar, whatever that of the item', () => {
    const map = decodeMsgpack(
      encodeMeta({
        ...META_ITEM,
        schema_version: { S: 'v1' },
        is_deleted: { BOOL: true },
        indexed_data: { S: '{"10":1,"level":1.0}' },
        rev_status: { S: 'draft' },
        rev_created_by: { S: 'cid' },
        rev_updated_by: { S: 'dot' },
        rev_created_time: { S: NINE },
        rev_updated_time: { S: NOON.text },
      }),
    )
    expect([...(map as Map<string, unknown>)]).toEqual([
      ['current_revision_id', 'a:2'],
      ['resource_id', 'a'],
      ['schema_version', 'v1'],
      ['total_revision_count', 2n],
      ['created_time', NOON],
      ['updated_time', NINE],
      ['created_by', 'ann'],
      ['updated_by', 'bob'],
      ['is_deleted', true],
      ['indexed_data', indexed],
      ['rev_status', 'draft'],
      ['rev_created_by', 'cid'],
      ['rev_updated_by', 'dot'],
      ['rev_created_time', NINE],
      ['rev_updated_time', NOON],
    ])
  })

  it('says what the item leaves unsaid as SpecStar does: nil and false are written, what is unset is not', () => {
    expect(encodeMeta(META_ITEM)).toEqual(
      packed({
        current_revision_id: 'a:2',
        resource_id: 'a',
        schema_version: null,
        total_revision_count: 2n,
        created_time: NOON,
        updated_time: NINE,
        created_by: 'ann',
        updated_by: 'bob',
        is_deleted: false,
      }),
    )
  })

  it('of a revision holds its info and its payload', () => {
    const item: Item = {
      ...INFO_ITEM,
      parent_revision_id: { S: 'a:1' },
      parent_schema_version: { NULL: true },
      data_hash: { S: 'h' },
    }
    expect(encodeRevision(item, Buffer.from('{}'))).toEqual(
      revision(
        infoMap({
          uid: UID,
          resource_id: 'a',
          revision_id: 'a:2',
          parent_revision_id: 'a:1',
          parent_schema_version: null,
          schema_version: null,
          data_hash: 'h',
          status: 'stable',
          created_time: NOON,
          updated_time: NINE,
          created_by: 'ann',
          updated_by: 'bob',
        }),
      ),
    )
    expect(decodeRevision(encodeRevision(INFO_ITEM, Buffer.from('{}'))).info).toEqual({
      ...INFO,
      created_time: NOON.text,
      parent_revision_id: null,
      schema_version: null,
    })
  })

  const refused: [string, Item, string][] = [
    ['an attribute of another type', { created_by: { SS: ['a'] } }, 'created_by: is of another type'],
    ['a NULL that is not true', { schema_version: { NULL: false } }, 'schema_version: is of another type'],
    ['a text that is nil', { created_by: { NULL: true } }, 'created_by: Invalid input: expected string, received null'],
    [
      'a text that is a number',
      { created_by: { N: '1' } },
      'created_by: Invalid input: expected string, received bigint',
    ],
    [
      'a flag that is a text',
      { is_deleted: { S: 'no' } },
      'is_deleted: Invalid input: expected boolean, received string',
    ],
    [
      'a count with a fraction',
      { total_revision_count: { N: '15e-1' } },
      'total_revision_count: 1.5 is not a whole number',
    ],
    ['a count that is no number', { total_revision_count: { N: 'x' } }, 'x is not a DynamoDB number'],
    [
      'a count below zero',
      { total_revision_count: { N: '-1' } },
      'total_revision_count: Too small: expected bigint to be >=0',
    ],
    ['a time that is none', { updated_time: { S: 'soon' } }, '"soon" is not a time'],
    [
      'a status that is none',
      { rev_status: { S: '' } },
      'rev_status: Invalid option: expected one of "draft"|"stable"',
    ],
    ['indexed data that are no JSON', { indexed_data: { S: '{' } }, 'invalid JSON at character 1'],
    [
      'indexed data that are no map',
      { indexed_data: { S: '[]' } },
      'indexed_data: Invalid input: expected Map, received array',
    ],
    [
      'indexed data with a number that no float holds',
      { indexed_data: { S: '{"a":1e999}' } },
      'indexed_data: Infinity has no JSON text',
    ],
  ]
  it.each(refused)('is refused for %s', (_what, attributes, message) => {
    expect(() => encodeMeta({ ...META_ITEM, ...attributes })).toThrow(new RangeError(message))
  })

  it.each(Object.keys(INFO_ITEM))('of a revision without %s is refused', (name) => {
    const rest = Object.fromEntries(Object.entries(INFO_ITEM).filter(([key]) => key !== name))
    expect(() => encodeRevision(rest, Buffer.alloc(0))).toThrow(new RegExp(`^${name}: Invalid (input|option)`))
  })
})

describe('attributes that a stream has no place for', () => {
  it.each(['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled', 'data_sha256', 'data_size'])(
    'are not those that the store makes: %s',
    (name) => {
      expect(strangeAttributes('metadata', { [name]: { S: 'x' } })).toEqual([])
      expect(strangeAttributes('revision', { [name]: { S: 'x' } })).toEqual([])
    },
  )

  it('are those of the other kind, and all that nobody knows', () => {
    const names = ['resource_id', 'is_deleted', 'uid', 'colour', 'toString', '']
    const item = Object.fromEntries(names.map((name) => [name, { S: 'x' }]))
    expect(strangeAttributes('metadata', item)).toEqual(['uid', 'colour', 'toString', ''])
    expect(strangeAttributes('revision', item)).toEqual(['is_deleted', 'colour', 'toString', ''])
  })
})
