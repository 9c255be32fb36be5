import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  deriveMetadata,
  deriveRevision,
  itemFromMetadata,
  itemFromRevision,
  type RevisionInfo,
} from '../../shared/resources/attributes.ts'
import { itemBytes, lineBytes } from '../../shared/resources/item-size.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { ResourceIdError } from '../../shared/resources/errors.ts'
import { madeResource } from './made-resources.ts'

const info: RevisionInfo = {
  uid: 'f1640ff8-d059-403c-b0d5-295ffc6e627d',
  resource_id: 'x',
  revision_id: 'x:1',
  status: 'stable',
  created_time: '2026-01-05T08:30:00Z',
  updated_time: '2026-01-05T08:30:00Z',
  created_by: 'alice',
  updated_by: 'alice',
}
const destination = { model: 'm', shards: 16 }

describe('a revision item', () => {
  it('contains exactly the bytes of the payload, as text if they are UTF-8', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (payload) => {
        const { item } = itemFromRevision(info, payload, destination)
        const { data } = item
        expect(Buffer.from(data?.S ?? data?.B ?? [])).toEqual(Buffer.from(payload))
        expect(item['data_size']?.N).toBe(payload.length.toString())
        expect(item['data_sha256']?.S).toBe(createHash('sha256').update(payload).digest('hex'))
      }),
    )
    expect(itemFromRevision(info, Buffer.from('\ufeff{}'), destination).item['data']).toEqual({ S: '\ufeff{}' })
    expect(itemFromRevision(info, Buffer.from([0x81, 0xa1, 0x61, 0xc0]), destination).item['data']?.B).toBeDefined()
    // A field that is null is NULL; a field that is not set is absent.
    expect(itemFromRevision(info, Buffer.from('{}'), destination).item['parent_revision_id']).toEqual({ NULL: true })
    expect(itemFromRevision(info, Buffer.from('{}'), destination).item['data_hash']).toBeUndefined()
  })

  it.each([
    ['plain text below 350 KiB', Buffer.alloc(340_000, 'a'), false],
    ['plain text above it', Buffer.alloc(360_000, 'a'), true],
    ['bytes below it', Buffer.alloc(340_000, 0xff), false],
    ['control characters, which take six characters each in a line', Buffer.alloc(180_000, 1), true],
    ['quotation marks, which take two', Buffer.alloc(300_000, '"'), false],
  ])('has a spilled payload only if the payload is too large: %s', (_name, payload, spills) => {
    const { item, spilled } = itemFromRevision(info, payload, destination)
    expect(spilled).toEqual(spills ? payload : undefined)
    expect(item['data_spilled']).toEqual(spills ? { BOOL: true } : undefined)
    expect(item['data'] === undefined).toBe(spills)
    expect(lineBytes(item)).toBeLessThanOrEqual(1024 * 1024)
  })

  it('spills a payload if the record line would exceed 1 MiB because of small values', () => {
    const item = {
      resource_id: { S: 'x' },
      revision_id: { S: 'x:1' },
      data: { S: '\u0001'.repeat(50_000) },
      flags: { L: Array.from({ length: 60_000 }, () => ({ BOOL: false })) },
    }
    expect(deriveRevision(item, destination).item['data_spilled']).toEqual({ BOOL: true })
    expect(deriveRevision({ ...item, data: { S: '{}' } }, destination).item['data_spilled']).toBeUndefined()
  })

  it('keeps a spilled payload when it is restored, and gets the keys of the new store', () => {
    const { item } = itemFromRevision(info, Buffer.alloc(400_000, 'a'), { model: 'm', shards: 4 })
    const again = deriveRevision({ ...item, applied_by: { S: 'old' } }, { model: 'm', shards: 1024, job_id: 'job' })
    expect(again.spilled).toBeUndefined()
    expect(again.item['data_spilled']).toEqual({ BOOL: true })
    expect(again.item['applied_by']).toEqual({ S: 'job' })
    expect(again.item['sk']).toEqual(item['sk'])
    expect(again.item['pk']?.S).toMatch(/^m#r#\d+$/)
  })
})

describe('the attributes of a revision item', () => {
  const bare = { resource_id: { S: 'x' }, revision_id: { S: 'x:1' }, schema_version: { S: 'v' }, data_size: { N: '2' } }
  const keys = {
    pk: { S: `m#r#${Number.parseInt(idHashOf('x').slice(0, 1), 16)}` },
    sk: { S: `${idHashOf('x')}/x/0000000001/v` },
  }

  it('are the original and the derived ones', () => {
    expect(deriveRevision({ ...bare, data: { S: '{}' }, data_spilled: { BOOL: true } }, destination)).toEqual({
      item: { ...bare, ...keys, data: { S: '{}' } },
    })
    expect(
      deriveRevision({ ...bare, pk: { S: 'old' }, sk: { S: 'old' }, applied_by: { S: 'old' } }, destination),
    ).toEqual({
      item: { ...bare, ...keys, data_spilled: { BOOL: true } },
    })
    expect(deriveRevision({ ...bare, data: { NULL: true } }, destination).item).toEqual({
      ...bare,
      ...keys,
      data_spilled: { BOOL: true },
    })
  })

  it('include a key without a revision id or schema version, but require a resource id', () => {
    const unnamed = deriveRevision({ resource_id: { S: 'x' } }, destination)
    expect(unnamed.item['sk']).toEqual({ S: `${idHashOf('x')}/x/~/-` })
    expect(() => deriveRevision({ revision_id: { S: 'x:1' } }, destination)).toThrow(ResourceIdError)
    expect(() => deriveRevision({ revision_id: { S: 'x:1' } }, destination)).toThrow('is empty')
  })

  it('include the payload if the item has at most 350 KiB', () => {
    const room = 350 * 1024 - itemBytes({ ...bare, ...keys, data: { S: '' } })
    for (const [length, spills] of [
      [room, false],
      [room + 1, true],
    ] as const) {
      const { item, spilled } = deriveRevision({ ...bare, data: { S: 'a'.repeat(length) } }, destination)
      expect(spilled?.length).toBe(spills ? length : undefined)
      expect(item['data_spilled']).toEqual(spills ? { BOOL: true } : undefined)
    }
  })

  it('include the payload if the line in an archive has at most 1 MiB', () => {
    const line = lineBytes({ ...bare, ...keys, data: { S: '' } })
    // Each takes six characters in the line.
    const escaped = Math.floor((1024 * 1024 - line) / 6)
    const rest = 1024 * 1024 - line - escaped * 6
    for (const [length, spills] of [
      [rest, false],
      [rest + 1, true],
    ] as const) {
      const payload = '\u0001'.repeat(escaped) + 'a'.repeat(length)
      const { item, spilled } = deriveRevision({ ...bare, data: { S: payload } }, destination)
      expect(spilled?.toString()).toBe(spills ? payload : undefined)
      if (!spills) expect(lineBytes(item)).toBe(1024 * 1024)
    }
  })

  it('are absent for fields that are not set, except for parent and schema version, which are NULL', () => {
    const { item } = itemFromRevision(
      { ...info, data_hash: 'h', parent_schema_version: null },
      Buffer.from('{}'),
      destination,
    )
    expect(item).toEqual({
      ...bare,
      pk: keys.pk,
      sk: { S: `${idHashOf('x')}/x/0000000001/-` },
      uid: { S: info.uid },
      parent_revision_id: { NULL: true },
      parent_schema_version: { NULL: true },
      schema_version: { NULL: true },
      data_hash: { S: 'h' },
      status: { S: 'stable' },
      created_time: { S: info.created_time },
      updated_time: { S: info.updated_time },
      created_by: { S: 'alice' },
      updated_by: { S: 'alice' },
      data: { S: '{}' },
      data_sha256: { S: createHash('sha256').update('{}').digest('hex') },
    })
  })

  it('contain only the bytes of a view, not those around it', () => {
    const view = Buffer.from('ab{}cd').subarray(2, 4)
    expect(itemFromRevision(info, view, destination).item['data']).toEqual({ S: '{}' })
  })
})

describe('a metadata item', () => {
  const meta = {
    current_revision_id: 'x:1',
    resource_id: 'x',
    total_revision_count: 1,
    created_time: '2026-01-05T08:30:00Z',
    updated_time: '2026-01-05T16:30:00+08:00',
    created_by: 'alice',
    updated_by: 'bob',
  }
  const plain = {
    pk: { S: `m#m#${Number.parseInt(idHashOf('x').slice(0, 1), 16)}` },
    sk: { S: `${idHashOf('x')}/x` },
    current_revision_id: { S: 'x:1' },
    resource_id: { S: 'x' },
    total_revision_count: { N: '1' },
    created_time: { S: '2026-01-05T08:30:00Z' },
    updated_time: { S: '2026-01-05T16:30:00+08:00' },
    created_by: { S: 'alice' },
    updated_by: { S: 'bob' },
    schema_version: { NULL: true },
    is_deleted: { BOOL: false },
    created_at: { S: '2026-01-05T08:30:00.000000Z' },
    updated_at: { S: '2026-01-05T08:30:00.000000Z' },
  }

  it('contains the fields that are set, and is not deleted by default', () => {
    expect(itemFromMetadata(meta, destination)).toEqual(plain)
    expect(
      itemFromMetadata({ ...meta, is_deleted: true, schema_version: 'v', rev_status: 'draft' }, destination),
    ).toEqual({
      ...plain,
      is_deleted: { BOOL: true },
      schema_version: { S: 'v' },
      rev_status: { S: 'draft' },
    })
    expect(itemFromMetadata({ ...meta, total_revision_count: 2n ** 60n }, { ...destination, job_id: 'job' })).toEqual({
      ...plain,
      total_revision_count: { N: '1152921504606846976' },
      applied_by: { S: 'job' },
    })
  })

  it('contains the index as text, made of a text or of values', () => {
    const indexOf = (indexed_data: string | Record<string, unknown>): unknown =>
      itemFromMetadata({ ...meta, indexed_data }, destination)['indexed_data']
    expect(indexOf('{"a": 1.0}')).toEqual({ S: '{"a": 1.0}' })
    expect(indexOf({ a: [1, 'x'], b: null })).toEqual({ S: '{"a":[1,"x"],"b":null}' })
  })

  it('has no comparable time if a time is invalid, and requires an id', () => {
    const timeless = Object.fromEntries(Object.entries(plain).filter(([name]) => !name.endsWith('_at')))
    expect(deriveMetadata({ ...timeless, created_time: { S: 'once' }, updated_time: { N: '1' } }, destination)).toEqual(
      {
        ...timeless,
        created_time: { S: 'once' },
        updated_time: { N: '1' },
      },
    )
    const stale = { created_at: { S: 'old' }, updated_at: { S: 'old' }, applied_by: { S: 'old' }, sk: { S: 'old' } }
    expect(deriveMetadata({ ...stale, resource_id: { S: 'x' } }, destination)).toEqual({
      pk: plain.pk,
      sk: plain.sk,
      resource_id: { S: 'x' },
    })
    expect(() => deriveMetadata({}, destination)).toThrow('is empty')
  })

  it('gets new derived attributes and keeps all others', () => {
    const { metadata } = madeResource('m', 4, { id: 'x', meta: { created_time: '2026-01-05T08:30:00.5+08:00' } })
    const archived = {
      ...metadata,
      created_at: { S: 'wrong' },
      pk: { S: 'm#m#99' },
      applied_by: { S: 'old' },
      more: { N: '1.50' },
    }
    const derived = deriveMetadata(archived, { model: 'm', shards: 4, job_id: 'job' })
    expect(derived).toEqual({ ...metadata, applied_by: { S: 'job' }, more: { N: '1.50' } })
    expect(derived['created_at']).toEqual({ S: '2026-01-05T00:30:00.500000Z' })
    expect(derived['created_time']).toEqual({ S: '2026-01-05T08:30:00.5+08:00' })
  })

  it('has a line in an archive of about the computed length', () => {
    const item = {
      s: { S: 'q"\u0001勇\ud83d\ude00' },
      n: { N: '1.5' },
      b: { BOOL: true },
      f: { BOOL: false },
      z: { NULL: true },
      l: { L: [{ S: 'a' }, { L: [] }] },
      m: { M: { k: { N: '1' }, e: { M: {} } } },
      ss: { SS: ['a', 'b'] },
      ns: { NS: ['1'] },
    }
    const exact = Buffer.byteLength(`${JSON.stringify({ Item: item })}\n`)
    expect(lineBytes(item)).toBeGreaterThanOrEqual(exact)
    expect(lineBytes(item)).toBeLessThanOrEqual(exact + 16)
  })
})
