import { describe, expect, it } from 'vitest'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { decodeMetadata, decodeRevision, statedResourceId } from '../../shared/specstar/resource-records.ts'
import { encodeFields, indexed, INFO, infoMap, NINE, NOON, revision, UID } from './record-fields.ts'

/** Required fields, and optional ones. */
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
const MORE_INFO = {
  parent_revision_id: 'a:1',
  parent_schema_version: 'v0',
  schema_version: 'v1',
  data_hash: 'xxh3_128:00',
}

describe('metadata in a stream', () => {
  it('is decoded with all fields, times as text and indexed data as JSON text', () => {
    expect(decodeMetadata(encodeFields({ ...META, ...MORE_META }))).toEqual({
      metadata: {
        ...META,
        ...MORE_META,
        created_time: NOON.text,
        rev_updated_time: NOON.text,
        indexed_data: '{"10":1,"level":1.0}',
      },
      unknownKeys: [],
    })
  })

  it('has no schema version and is not deleted by default', () => {
    expect(decodeMetadata(encodeFields(META)).metadata).toStrictEqual({
      ...META,
      created_time: NOON.text,
      schema_version: null,
      is_deleted: false,
    })
  })

  it('is decoded without unknown keys, which are listed', () => {
    const { metadata, unknownKeys } = decodeMetadata(
      encodeFields({ colour: 1n, ...META, ['__proto__']: null, toString: 'x' }),
    )
    expect(unknownKeys).toEqual(['colour', '__proto__', 'toString'])
    expect(Object.keys(metadata)).not.toContain('colour')
    expect(decodeMetadata(encodeFields({ ...META, ['__proto__']: null })).unknownKeys).toEqual(['__proto__'])
  })

  it.each(Object.keys(META))('is rejected without %s', (name) => {
    const rest = Object.fromEntries(Object.entries(META).filter(([key]) => key !== name))
    expect(() => decodeMetadata(encodeFields(rest))).toThrow(new RegExp(`^${name}: is missing; it must be `))
  })

  it.each(Object.keys(META))('is rejected if %s is nil', (name) => {
    expect(() => decodeMetadata(encodeFields({ ...META, [name]: null }))).toThrow(
      new RegExp(`^${name}: must be .*, not null$`),
    )
  })

  it.each([
    ['a text that is not a time', { created_time: 'soon' }, 'created_time: must be a time in ISO 8601'],
    [
      'a time of another type',
      { rev_created_time: 5n },
      'rev_created_time: must be a timestamp, not an integer, or must be a string, not an integer',
    ],
    ['a negative count', { total_revision_count: -1n }, 'total_revision_count: must be at least 0'],
    [
      'a count that is a float',
      { total_revision_count: 1 },
      'total_revision_count: must be an integer, not the number 1',
    ],
    ['an unknown status', { rev_status: 'odd' }, 'rev_status: must be one of: "draft", "stable"'],
    ['indexed data that is not a map', { indexed_data: [] }, 'indexed_data: must be a map, not a list'],
    [
      'indexed data that contains bytes',
      { indexed_data: new Map([['a', Buffer.alloc(1)]]) },
      'indexed_data: only null, booleans, numbers, strings, lists and maps can be written as JSON',
    ],
    [
      'indexed data that contains NaN',
      { indexed_data: new Map([['a', NaN]]) },
      'indexed_data: NaN cannot be written as JSON',
    ],
  ])('is rejected with %s, and the error names the field', (_what, fields, message) => {
    expect(() => decodeMetadata(encodeFields({ ...META, ...fields }))).toThrow(new RangeError(message))
  })

  it('may have no revisions and no schema version', () => {
    expect(
      decodeMetadata(encodeFields({ ...META, total_revision_count: 0n, schema_version: null })).metadata,
    ).toMatchObject({
      total_revision_count: 0n,
      schema_version: null,
    })
  })

  it.each([
    ['an array', []],
    ['nil', null],
    ['an integer', 5n],
    ['a float', 0.5],
    ['a string', 'a'],
    ['a boolean', true],
    ['a binary value', Buffer.from('a')],
    ['a timestamp', NOON],
  ])('is rejected if it is %s', (what, value) => {
    const error = new RangeError(`the data must be a msgpack map, not ${what}`)
    expect(() => decodeMetadata(encodeMsgpack(value))).toThrow(error)
    expect(() => decodeRevision(encodeMsgpack(value))).toThrow(error)
  })
})

describe('a revision in a stream', () => {
  it('is decoded with all fields, and with its payload as a view of the record', () => {
    const data = revision(infoMap({ ...INFO, ...MORE_INFO }), Buffer.from('{"a":1}'))
    const { info, payload, unknownKeys } = decodeRevision(data)
    expect(info).toEqual({ ...INFO, ...MORE_INFO, created_time: NOON.text })
    expect(payload.toString()).toBe('{"a":1}')
    expect(payload.buffer).toBe(data.buffer)
    expect(unknownKeys).toEqual([])
  })

  it('has no parent and no schema version by default', () => {
    const { info, unknownKeys } = decodeRevision(revision(infoMap({ ...INFO, colour: 1n })))
    expect(info).toStrictEqual({
      ...INFO,
      created_time: NOON.text,
      parent_revision_id: null,
      schema_version: null,
    })
    expect(unknownKeys).toEqual(['colour'])
  })

  it('may have a parent without a schema version', () => {
    const info = infoMap({ ...INFO, parent_schema_version: null, parent_revision_id: null })
    expect(decodeRevision(revision(info)).info).toHaveProperty('parent_schema_version', null)
  })

  it.each(Object.keys(INFO))('is rejected without %s', (name) => {
    const rest = Object.fromEntries(Object.entries(INFO).filter(([key]) => key !== name))
    expect(() => decodeRevision(revision(infoMap(rest)))).toThrow(new RegExp(`^${name}: is missing; it must be `))
  })

  it.each([
    ['too short', UID.slice(1)],
    ['preceded by a digit', `0${UID}`],
    ['followed by a digit', `${UID}0`],
    ['without dashes', UID.replaceAll('-', '')],
    ['not hexadecimal', UID.replace('f', 'g')],
    ['empty', ''],
  ])('is rejected if its uid is %s', (_what, uid) => {
    expect(() => decodeRevision(revision(infoMap({ ...INFO, uid })))).toThrow(new RangeError('uid: must be a UUID'))
  })

  it.each([
    ['info that is not a map', revision([]), 'info: must be a map, not a list'],
    ['no payload', encodeFields({ info: infoMap(INFO) }), 'raw_data: is missing; it must be binary data'],
    ['a payload that is a text', revision(infoMap(INFO), 'x'), 'raw_data: must be binary data, not a string'],
    ['an unknown status', revision(infoMap({ ...INFO, status: 'odd' })), 'status: must be one of: "draft", "stable"'],
  ])('is rejected with %s, and the error names the field', (_what, data, message) => {
    expect(() => decodeRevision(data)).toThrow(new RangeError(message))
  })
})

describe('the resource id of a record that may be invalid', () => {
  it.each<[string, unknown, string | undefined]>([
    ['metadata', new Map([['resource_id', 'r']]), 'r'],
    ['a revision', new Map([['info', new Map([['resource_id', 'r']])]]), 'r'],
    ['a revision whose info is not a map', new Map([['info', 'r']]), undefined],
    ['a record without an id', new Map(), undefined],
    ['a record whose id is not a string', new Map([['resource_id', 7n]]), undefined],
    ['data that is not a map', ['r'], undefined],
  ])('is read from %s', (_what, data, id) => {
    expect(statedResourceId(encodeMsgpack(data))).toBe(id)
  })

  it('is unknown if the data cannot be decoded', () => {
    expect(statedResourceId(Buffer.from([0xc1]))).toBeUndefined()
    expect(statedResourceId(Buffer.alloc(0))).toBeUndefined()
  })
})
