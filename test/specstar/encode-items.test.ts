import { describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { decodeMsgpack } from '../../shared/specstar/msgpack-reader.ts'
import {
  decodeRevision,
  encodeMetadata,
  encodeRevision,
  unsupportedAttributes,
} from '../../shared/specstar/resource-records.ts'
import { encodeFields, indexed, INFO, infoMap, NINE, NOON, revision, UID } from './record-fields.ts'

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

describe('an item', () => {
  it('is encoded with its fields in the order of SpecStar', () => {
    const map = decodeMsgpack(
      encodeMetadata({
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

  it('is encoded with nil and false for absent fields with a default, and without unset fields', () => {
    expect(encodeMetadata(META_ITEM)).toEqual(
      encodeFields({
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

  it('of a revision is encoded with its info and its payload', () => {
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

  const rejected: [string, Item, string][] = [
    [
      'an attribute of another type',
      { created_by: { SS: ['a'] } },
      'created_by: must be a DynamoDB attribute of type S, N, BOOL or NULL (true), not SS',
    ],
    [
      'a NULL that is not true',
      { schema_version: { NULL: false } },
      'schema_version: must be a DynamoDB attribute of type S, N, BOOL or NULL (true), not NULL with the value false',
    ],
    ['NULL instead of a text', { created_by: { NULL: true } }, 'created_by: must be a string, not null'],
    ['a number instead of a text', { created_by: { N: '1' } }, 'created_by: must be a string, not an integer'],
    ['a text instead of a boolean', { is_deleted: { S: 'no' } }, 'is_deleted: must be true or false, not a string'],
    [
      'a count with a fraction',
      { total_revision_count: { N: '15e-1' } },
      'total_revision_count: must be a whole number',
    ],
    [
      'a count that is not a number',
      { total_revision_count: { N: 'x' } },
      'total_revision_count: must be a DynamoDB number',
    ],
    ['a negative count', { total_revision_count: { N: '-1' } }, 'total_revision_count: must be at least 0'],
    ['a text that is not a time', { updated_time: { S: 'soon' } }, 'updated_time: must be a time in ISO 8601'],
    ['an unknown status', { rev_status: { S: '' } }, 'rev_status: must be one of: "draft", "stable"'],
    ['indexed data that is not JSON', { indexed_data: { S: '{' } }, 'indexed_data: invalid JSON at character 1'],
    ['indexed data that is not a map', { indexed_data: { S: '[]' } }, 'indexed_data: must be a map, not a list'],
    [
      'indexed data with a number that is too large for a float',
      { indexed_data: { S: '{"a":1e999}' } },
      'indexed_data: Infinity cannot be written as JSON',
    ],
  ]
  it.each(rejected)('is rejected with %s', (_what, attributes, message) => {
    expect(() => encodeMetadata({ ...META_ITEM, ...attributes })).toThrow(new RangeError(message))
  })

  it.each(Object.keys(INFO_ITEM))('of a revision is rejected without %s', (name) => {
    const rest = Object.fromEntries(Object.entries(INFO_ITEM).filter(([key]) => key !== name))
    expect(() => encodeRevision(rest, Buffer.alloc(0))).toThrow(new RegExp(`^${name}: is missing; it must be `))
  })
})

describe('unsupported attributes', () => {
  it.each(['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled', 'data_sha256', 'data_size'])(
    'do not include %s, which every store derives or which holds the payload',
    (name) => {
      expect(unsupportedAttributes('metadata', { [name]: { S: 'x' } })).toEqual([])
      expect(unsupportedAttributes('revision', { [name]: { S: 'x' } })).toEqual([])
    },
  )

  it('are those of the other kind, and all unknown ones', () => {
    const names = ['resource_id', 'is_deleted', 'uid', 'colour', 'toString', '']
    const item = Object.fromEntries(names.map((name) => [name, { S: 'x' }]))
    expect(unsupportedAttributes('metadata', item)).toEqual(['uid', 'colour', 'toString', ''])
    expect(unsupportedAttributes('revision', item)).toEqual(['is_deleted', 'colour', 'toString', ''])
  })
})
