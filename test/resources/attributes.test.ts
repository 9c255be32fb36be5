import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  deriveMetadata,
  deriveRevision,
  itemFromRevision,
  type RevisionInfo,
} from '../../shared/resources/attributes.ts'
import { lineBytes } from '../../shared/resources/item-size.ts'
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
const target = { model: 'm', shards: 16 }

describe('a revision’s item', () => {
  it('keeps exactly the bytes of its payload, as text where they are UTF-8', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (payload) => {
        const { item } = itemFromRevision(info, payload, target)
        const { data } = item
        expect(Buffer.from(data?.S ?? data?.B ?? [])).toEqual(Buffer.from(payload))
        expect(item['data_size']?.N).toBe(payload.length.toString())
        expect(item['data_sha256']?.S).toBe(createHash('sha256').update(payload).digest('hex'))
      }),
    )
    expect(itemFromRevision(info, Buffer.from('\ufeff{}'), target).item['data']).toEqual({ S: '\ufeff{}' })
    expect(itemFromRevision(info, Buffer.from([0x81, 0xa1, 0x61, 0xc0]), target).item['data']?.B).toBeDefined()
    // A set field that is null is NULL, an unset one is absent.
    expect(itemFromRevision(info, Buffer.from('{}'), target).item['parent_revision_id']).toEqual({ NULL: true })
    expect(itemFromRevision(info, Buffer.from('{}'), target).item['data_hash']).toBeUndefined()
  })

  it.each([
    ['plain text below 350 KiB', Buffer.alloc(340_000, 'a'), false],
    ['plain text above it', Buffer.alloc(360_000, 'a'), true],
    ['bytes below it', Buffer.alloc(340_000, 0xff), false],
    ['control characters, six for one in a line', Buffer.alloc(180_000, 1), true],
    ['quotes, two for one', Buffer.alloc(300_000, '"'), false],
  ])('spills a payload that does not fit: %s', (_name, payload, spills) => {
    const { item, spilled } = itemFromRevision(info, payload, target)
    expect(spilled).toEqual(spills ? payload : undefined)
    expect(item['data_spilled']).toEqual(spills ? { BOOL: true } : undefined)
    expect(item['data'] === undefined).toBe(spills)
    expect(lineBytes(item)).toBeLessThanOrEqual(1024 * 1024)
  })

  it('stays spilled when it is restored, and gets keys of the new place', () => {
    const { item } = itemFromRevision(info, Buffer.alloc(400_000, 'a'), { model: 'm', shards: 4 })
    const again = deriveRevision({ ...item, applied_by: { S: 'old' } }, { model: 'm', shards: 1024, job_id: 'job' })
    expect(again.spilled).toBeUndefined()
    expect(again.item['data_spilled']).toEqual({ BOOL: true })
    expect(again.item['applied_by']).toEqual({ S: 'job' })
    expect(again.item['sk']).toEqual(item['sk'])
    expect(again.item['pk']?.S).toMatch(/^m#r#\d+$/)
  })
})

describe('a metadata item', () => {
  it('has its derived attributes made anew, and all else as it came', () => {
    const { metadata } = madeResource('m', 4, { id: 'x', meta: { created_time: '2026-01-05T08:30:00.5+08:00' } })
    const archived = {
      ...metadata,
      created_at: { S: 'lie' },
      pk: { S: 'm#m#99' },
      applied_by: { S: 'old' },
      more: { N: '1.50' },
    }
    const derived = deriveMetadata(archived, { model: 'm', shards: 4, job_id: 'job' })
    expect(derived).toEqual({ ...metadata, applied_by: { S: 'job' }, more: { N: '1.50' } })
    expect(derived['created_at']).toEqual({ S: '2026-01-05T00:30:00.500000Z' })
    expect(derived['created_time']).toEqual({ S: '2026-01-05T08:30:00.5+08:00' })
  })

  it('measures its record line exactly', () => {
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
