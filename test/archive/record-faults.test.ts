import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkRevision, metadataFault } from '../../shared/archive/record-faults.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { itemBytes, MAX_ITEM_BYTES } from '../../shared/resources/item-size.ts'
import type { Item } from '../../shared/tables/item.ts'

const H = idHashOf('a')
const METADATA: Item = {
  pk: { S: 'city#m#0' },
  sk: { S: `${H}/a` },
  resource_id: { S: 'a' },
  current_revision_id: { S: 'a:1' },
}
const PAYLOAD = '{"name":"A"}'
const REVISION: Item = {
  pk: { S: 'city#r#0' },
  sk: { S: `${H}/a/0000000001/-` },
  resource_id: { S: 'a' },
  revision_id: { S: 'a:1' },
  data: { S: PAYLOAD },
  data_sha256: { S: createHash('sha256').update(PAYLOAD).digest('hex') },
}
const without = (item: Item, name: string): Item =>
  Object.fromEntries(Object.entries(item).filter(([each]) => each !== name))
const TIME = { S: '2026-01-05T08:30:00+08:00' }

describe('the metadata of a resource', () => {
  it('has no fault with the required attributes of its key alone', () => {
    expect(metadataFault(METADATA)).toBeUndefined()
  })

  it('has no fault with all fields that STORE.md describes, and with others', () => {
    const item: Item = {
      ...METADATA,
      total_revision_count: { N: '1' },
      schema_version: { S: '1' },
      created_time: TIME,
      updated_time: TIME,
      created_by: { S: '' },
      updated_by: { S: 'x' },
      is_deleted: { BOOL: false },
      indexed_data: { S: '{"a":1}' },
      rev_status: { S: 'stable' },
      rev_created_time: TIME,
      created_at: { N: '1' },
      colour: { L: [] },
    }
    expect(metadataFault(item)).toBeUndefined()
  })

  it.each<[string, Item]>([
    ['schema_version', { schema_version: { NULL: true } }],
    ['rev_status', { rev_status: { S: 'draft' } }],
    ['total_revision_count', { total_revision_count: { N: '0' } }],
  ])('may have another value that STORE.md allows: %s', (_, change) => {
    expect(metadataFault({ ...METADATA, ...change })).toBeUndefined()
  })

  it.each<[string, Item]>([
    ['pk must be', { pk: { S: 'city#x#0' } }],
    ['sk is', { resource_id: { S: 'b' } }],
    ['current_revision_id must be a string', { current_revision_id: { N: '1' } }],
    ['current_revision_id must be a string that is not empty', { current_revision_id: { S: '' } }],
    ['rev_status must be "stable" or "draft"', { rev_status: { S: 'final' } }],
    ['created_time must be a time', { created_time: { S: '2026-13-01T00:00:00Z' } }],
    ['updated_time must be a time', { updated_time: { N: '1' } }],
    ['updated_by must be a string', { updated_by: { N: '1' } }],
    ['created_by must be a string', { created_by: { NULL: true } }],
    ['schema_version must be a string or NULL', { schema_version: { N: '1' } }],
    ['is_deleted must be a Boolean', { is_deleted: { S: 'false' } }],
    ['total_revision_count must be a whole number', { total_revision_count: { S: '1' } }],
    ['total_revision_count must be a whole number', { total_revision_count: { N: '-1' } }],
    ['total_revision_count must be a whole number', { total_revision_count: { N: '0.5' } }],
    ['indexed_data must be a JSON object', { indexed_data: { M: {} } }],
    ['indexed_data must be a JSON object', { indexed_data: { S: '[]' } }],
    ['indexed_data must be a JSON object', { indexed_data: { S: 'null' } }],
    ['indexed_data must be a JSON object', { indexed_data: { S: '1' } }],
    ['indexed_data must be a JSON object', { indexed_data: { S: '{"a":NaN}' } }],
  ])('has the fault: %s', (fault, change) => {
    expect(metadataFault({ ...METADATA, ...change })).toMatch(fault)
  })

  it('has a fault without current_revision_id', () => {
    expect(metadataFault(without(METADATA, 'current_revision_id'))).toBe('current_revision_id must be a string')
  })

  it('has a fault if it exceeds the size of an item with the applied_by of a restore', () => {
    const sized = (bytes: number): Item => {
      const empty = { ...METADATA, note: { S: '' } }
      return { ...METADATA, note: { S: 'n'.repeat(bytes - itemBytes(empty)) } }
    }
    // `applied_by` has 10 bytes and its value 42. With 1,024 shards, the shard of `a` has two digits more than here.
    expect(metadataFault(sized(MAX_ITEM_BYTES - 54))).toBeUndefined()
    expect(metadataFault(sized(MAX_ITEM_BYTES - 53))).toMatch(
      `the item would have ${MAX_ITEM_BYTES + 1} bytes after a restore`,
    )
  })
})

describe('a revision', () => {
  it('has no fault if its payload has its SHA-256, and refers to the blobs of the payload', () => {
    expect(checkRevision(REVISION, PAYLOAD)).toEqual({ references: { spilledSha256: undefined, fileIds: [] } })
    const payload = Buffer.from('{"flag":{"file_id":"f"}}')
    const data_sha256 = { S: createHash('sha256').update(payload).digest('hex') }
    const spilled: Item = {
      ...without(REVISION, 'data'),
      data_sha256,
      data_size: { N: '24' },
      data_spilled: { BOOL: true },
    }
    expect(checkRevision(spilled, payload)).toEqual({ references: { spilledSha256: data_sha256.S, fileIds: ['f'] } })
  })

  it('has no fault if its uid is a UUID', () => {
    const uid = { S: '00000000-0000-4000-8000-000000000001' }
    expect(checkRevision({ ...REVISION, uid }, PAYLOAD).fault).toBeUndefined()
  })

  it('may be binary', () => {
    const payload = Buffer.from([0x81, 0xa1, 0x61, 0x01])
    const data_sha256 = { S: createHash('sha256').update(payload).digest('hex') }
    expect(checkRevision({ ...REVISION, data: { B: payload }, data_sha256 }, payload).fault).toBeUndefined()
  })

  it.each<[string, Item]>([
    ['sk is', { sk: { S: `${H}/a/1/-` } }],
    ['data must be a string or binary', { data: { N: '1' } }],
    ['data_spilled must be true if it is present', { data_spilled: { BOOL: false } }],
    ['data_sha256 must be 64 hex digits in lower case', { data_sha256: { S: 'A'.repeat(64) } }],
    ['data_sha256 must be 64 hex digits in lower case', { data_sha256: { B: Buffer.alloc(32) } }],
    ['data_sha256 must be 64 hex digits in lower case', { data_sha256: { S: '0'.repeat(65) } }],
    ['data_sha256 must be 64 hex digits in lower case', { data_sha256: { S: `${'0'.repeat(64)}\n` } }],
    ['data_sha256 must be 64 hex digits in lower case', { data_sha256: { S: `x${'0'.repeat(64)}` } }],
    ['but data_sha256 is', { data_sha256: { S: '0'.repeat(64) } }],
    ['the payload has 12 bytes, but data_size is 13', { data_size: { N: '13' } }],
    ['parent_revision_id must be a string or NULL', { parent_revision_id: { BOOL: true } }],
    ['status must be "stable" or "draft"', { status: { N: '1' } }],
    ['status must be "stable" or "draft"', { status: { S: 'final' } }],
    ['uid must be a UUID', { uid: { S: '00000000-0000-4000-8000-00000000000' } }],
    ['uid must be a UUID', { uid: { N: '1' } }],
    ['revision_id must be a string that is not empty', { revision_id: { S: '' }, sk: { S: `${H}/a/~/-` } }],
    ['the revision has both data and data_spilled', { data_spilled: { BOOL: true } }],
  ])('has the fault: %s', (fault, change) => {
    expect(checkRevision({ ...REVISION, ...change }, PAYLOAD)).toEqual({
      fault: expect.stringMatching(fault) as string,
    })
  })

  it('has a fault without a payload or without its SHA-256', () => {
    expect(checkRevision(without(REVISION, 'data'), undefined)).toEqual({
      fault: 'the revision has neither data nor data_spilled',
    })
    expect(checkRevision(without(REVISION, 'data_sha256'), PAYLOAD)).toEqual({ fault: 'data_sha256 is missing' })
  })

  it('has a fault if its payload cannot be decoded', () => {
    const payload = '{"a":NaN}'
    const data_sha256 = { S: createHash('sha256').update(payload).digest('hex') }
    expect(checkRevision({ ...REVISION, data: { S: payload }, data_sha256 }, payload)).toEqual({
      fault: 'the payload is neither JSON nor MessagePack',
    })
    const empty = { ...REVISION, data: { S: '' }, data_sha256: { S: createHash('sha256').digest('hex') } }
    for (const none of ['', Buffer.alloc(0)])
      expect(checkRevision(empty, none)).toEqual({ fault: 'the payload is neither JSON nor MessagePack' })
  })

  it('has a fault if it is too large without its payload', () => {
    const note = { S: 'n'.repeat(MAX_ITEM_BYTES - 100) }
    expect(checkRevision({ ...REVISION, note }, PAYLOAD).fault).toMatch('after a restore')
  })

  it('throws an error that does not come from the record', () => {
    const broken: Item = new Proxy(REVISION, {
      get: () => {
        throw new TypeError('broken')
      },
    })
    expect(() => checkRevision(broken, PAYLOAD)).toThrow(new TypeError('broken'))
  })
})

describe('a record of an archive', () => {
  it('may have values that STORE.md does not allow, because archives of earlier releases contain them', () => {
    expect(metadataFault({ ...METADATA, created_time: { S: 'yesterday' } }, 'archive')).toBeUndefined()
    const item: Item = { ...REVISION, status: { N: '1' }, data_size: { N: '13' }, data_spilled: { BOOL: true } }
    expect(checkRevision(item, PAYLOAD, 'archive').fault).toBeUndefined()
  })

  it('may have a payload that cannot be decoded, which counts as referring to no blob', () => {
    const payload = '{"a":NaN}'
    const data_sha256 = { S: createHash('sha256').update(payload).digest('hex') }
    expect(checkRevision({ ...REVISION, data: { S: payload }, data_sha256 }, payload, 'archive')).toEqual({
      references: { spilledSha256: undefined, fileIds: [] },
    })
  })

  it('has a fault if its restore could not be written or would fail verification', () => {
    expect(metadataFault({ ...METADATA, sk: { S: 'x' } }, 'archive')).toMatch('sk is')
    expect(checkRevision(REVISION, '{}', 'archive').fault).toMatch('the payload has sha256')
    expect(checkRevision(without(REVISION, 'data'), undefined, 'archive').fault).toMatch('neither data nor')
  })
})

describe('a value that is nested deeply', () => {
  const nested = (levels: number): string => `${'[1,'.repeat(levels - 1)}[2]${']'.repeat(levels - 1)}`
  const withPayload = (payload: string | Buffer): Item => ({
    ...REVISION,
    data: typeof payload === 'string' ? { S: payload } : { B: payload },
    data_size: { N: `${payload.length}` },
    data_sha256: { S: createHash('sha256').update(payload).digest('hex') },
  })
  const packed = (levels: number): Buffer =>
    Buffer.concat([Buffer.alloc(levels - 1, 0x91), Buffer.from([0x92, 0x01, 0xc4, 0x01, 0x00])])

  it.each(['store', 'archive'] as const)('is a fault of a record of the %s from 1,001 levels on', (origin) => {
    const reason = 'must be nested at most 1000 levels deep'
    for (const payload of [nested(1000), packed(1000)])
      expect(checkRevision(withPayload(payload), payload, origin).fault).toBeUndefined()
    for (const payload of [nested(1001), packed(1001)])
      expect(checkRevision(withPayload(payload), payload, origin)).toEqual({ fault: `the payload ${reason}` })
    const indexed = (levels: number): Item => ({ ...METADATA, indexed_data: { S: `{"a":${nested(levels - 1)}}` } })
    expect(metadataFault(indexed(1000), origin)).toBeUndefined()
    expect(metadataFault(indexed(1001), origin)).toBe(`indexed_data ${reason}`)
    expect(metadataFault({ ...METADATA, indexed_data: { N: '1' } }, 'archive')).toBeUndefined()
  })

  it('is a fault even if a later value of the same key replaces it, because other parsers may keep it', () => {
    for (const payload of [`{"a":${nested(1000)},"a":1}`])
      expect(checkRevision(withPayload(payload), payload).fault).toBe(
        'the payload must be nested at most 1000 levels deep',
      )
  })
})
