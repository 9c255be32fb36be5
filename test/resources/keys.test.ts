import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shardsOf, toSortKeys } from '../../shared/resources/key-range.ts'
import {
  metadataKey,
  metadataSortKey,
  idHashOf,
  isResourceId,
  resourceIdIn,
  revisionKey,
  revisionSortKey,
  shardOf,
  statedIdIn,
} from '../../shared/resources/keys.ts'
import { ResourceIdError } from '../../shared/resources/errors.ts'

describe('the keys of a resource', () => {
  it('are those that STORE.md describes', () => {
    // From an archive that an independent implementation wrote.
    expect(metadataKey('guild', 'g 3', 16)).toEqual({ pk: 'guild#m#5', sk: '5148b9d8ff0d8801/g 3' })
    expect(revisionKey('guild', 'g 3', 'g 3:1', null, 16)).toEqual({
      pk: 'guild#r#5',
      sk: '5148b9d8ff0d8801/g 3/0000000001/-',
    })
  })

  it('contain the id of the resource, unless they are damaged', () => {
    for (const id of ['x', 'g 3', 'ü:1', '😀']) expect(resourceIdIn(metadataSortKey(id))).toBe(id)
    const sk = metadataSortKey('x')
    for (const damaged of ['', sk.slice(0, 16), `${sk}/`, `${sk}y`, sk.toUpperCase(), `${idHashOf('a/b')}/a/b`])
      expect(resourceIdIn(damaged)).toBeUndefined()
  })

  it('show the id of a resource even if the id is not valid', () => {
    for (const id of ['x', 'a/b', 'a\tb', 'x'.repeat(1100)]) expect(statedIdIn(`${idHashOf(id)}/${id}`)).toBe(id)
    for (const damaged of ['', 'x', idHashOf('x'), `${idHashOf('x').toUpperCase()}/x`, `0${idHashOf('x')}/x`])
      expect(statedIdIn(damaged)).toBe('')
  })

  it('exist for valid ids that fit into a sort key', () => {
    // An id may have 1,007 bytes, because the sort key also contains the id hash and `/`.
    const longest = `${'😀'.repeat(251)}abc`
    for (const id of ['x', 'g 3', 'ü:1', longest]) expect(isResourceId(id)).toBe(true)
    for (const id of ['', 'a/b', 'a\tb', '\ud800', `${longest}d`, '😀'.repeat(252)])
      expect(isResourceId(id)).toBe(false)
  })

  it.each([
    ['x:0', null, '0000000000/-'],
    ['x:4294967296', null, '4294967296/-'],
    ['x:12345678901', null, '~x%3A12345678901/-'],
    ['x:01', null, '~x%3A01/-'],
    ['x:', null, '~x%3A/-'],
    ['y:1', null, '~y%3A1/-'],
    ['free/勇', undefined, '~free%2F%E5%8B%87/-'],
    ['x:1', 'v1', '0000000001/v1'],
    ['x:1', '-', '0000000001/%2D'],
    ['x:1', '--', '0000000001/--'],
    ['x:1', 'a/b', '0000000001/a%2Fb'],
  ])('contain revision %s with schema version %s as %s', (revisionId, schema, suffix) => {
    expect(revisionSortKey('x', revisionId, schema)).toBe(`${idHashOf('x')}/x/${suffix}`)
  })

  it.each([
    '',
    'a/b',
    'a\\b',
    'a\nb',
    'a\u0000',
    'a\u001f',
    'a'.repeat(256),
    '\ud800',
    '勇'.repeat(255) + 'x'.repeat(0) + '勇',
  ])('reject the id %j', (id) => {
    expect(() => metadataSortKey(id)).toThrow(ResourceIdError)
  })

  it.each(['a\u007f', '\u0085', 'a\u009f', ' ', '\ufeff', '\u2028', '"'])(
    'accept the id %j, as SpecStar does',
    (id) => {
      expect(metadataSortKey(id)).toBe(`${idHashOf(id)}/${id}`)
    },
  )

  it('show invisible characters of a rejected id as escapes', () => {
    expect(() => metadataSortKey('/a "b"\n\u0085\ufeff\u{e0001}\ud800\u202e 勇')).toThrow(
      'resource id "/a \\"b\\"\\n\\u0085\\ufeff\\udb40\\udc01\\ud800\\u202e 勇" contains',
    )
  })

  it('have limits on the characters of an id and on the bytes of a sort key', () => {
    expect(metadataSortKey('勇'.repeat(255))).toHaveLength(17 + 255)
    expect(() => metadataSortKey('\u{1f600}'.repeat(255))).toThrow('1037 bytes')
    expect(() => revisionSortKey('x', 'r'.repeat(1100), null)).toThrow('DynamoDB allows 1024')
  })

  it.each([
    ['', 'resource id "" is empty'],
    ['a'.repeat(256), `resource id "${'a'.repeat(256)}" has more than 255 characters`],
    ['a/b', 'resource id "a/b" contains "/", "\\" or a character below U+0020'],
    ['a\ud800', 'resource id "a\\ud800" is not valid Unicode'],
  ])('explain why the id %j is rejected', (id, message) => {
    expect(() => metadataSortKey(id)).toThrow(expect.objectContaining({ name: 'ResourceIdError', id, message }))
    expect(() => revisionSortKey(id, 'r', null)).toThrow(expect.objectContaining({ message }))
  })

  it('accept an id of 255 characters, regardless of its number of UTF-16 units', () => {
    expect(metadataSortKey('a'.repeat(255))).toHaveLength(17 + 255)
    expect(metadataSortKey('a'.repeat(100) + '\u{1f600}'.repeat(155))).toHaveLength(17 + 100 + 310)
    expect(() => metadataSortKey('\u{1f600}'.repeat(256))).toThrow('has more than 255 characters')
  })

  it('have sort keys of at most 1,024 bytes', () => {
    // The id hash, `/`, the id, `/` and `~` before the encoded revision id, and `/-` after it.
    const room = 1024 - (16 + 1 + 1 + 1 + 1 + 2)
    expect(revisionSortKey('x', 'r'.repeat(room), null)).toHaveLength(1024)
    expect(() => revisionSortKey('x', 'r'.repeat(room + 1), null)).toThrow(
      'resource id "x" cannot be stored: the sort key (id, revision id and schema version) needs 1025 bytes; ' +
        'DynamoDB allows 1024; shorten the id',
    )
    const ids = '\u{1f600}'.repeat(251) + 'abc'
    expect(Buffer.byteLength(metadataSortKey(ids))).toBe(1024)
    expect(() => metadataSortKey(`${ids}d`)).toThrow('needs 1025 bytes')
  })

  it('reject a revision id that is not valid Unicode', () => {
    expect(() => revisionSortKey('x', 'x:\ud800', null)).toThrow(
      'resource id "x" cannot be stored: its revision id is not valid Unicode',
    )
  })

  it('reject a schema version that is not valid Unicode', () => {
    expect(() => revisionSortKey('x', 'x:1', 'v\ud800')).toThrow(
      'resource id "x" cannot be stored: its schema version is not valid Unicode',
    )
  })

  it('have different partitions for metadata and revisions, but the same shard', () => {
    expect(metadataKey('m', 'x', 1)).toEqual({ pk: 'm#m#0', sk: `${idHashOf('x')}/x` })
    expect(revisionKey('m', 'x', 'x:7', 'v', 1)).toEqual({ pk: 'm#r#0', sk: `${idHashOf('x')}/x/0000000007/v` })
    expect(idHashOf('x')).toBe('2d711642b726b044')
    expect(revisionKey('m', 'x', 'x:7', undefined, 1024).pk).toBe(`m#r#${0x2d711642 >> 22}`)
  })

  it('have the shard that the highest bits of the id hash form', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{16}$/), fc.integer({ min: 0, max: 10 }), (h, bits) => {
        const shard = shardOf(h, 2 ** bits)
        expect(shard).toBe(Number(BigInt(`0x${h}`) >> BigInt(64 - bits)))
        expect(shardsOf({ fromSk: h, toSk: `${h}g` }, 2 ** bits)).toEqual([shard])
      }),
    )
  })

  it('are in exactly those shards that a range of digest buckets covers', () => {
    const border = fc.integer({ min: 0, max: 0x10000 })
    fc.assert(
      fc.property(border, border, fc.integer({ min: 0, max: 10 }), (a, b, bits) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const hex = (n: number): string => n.toString(16).padStart(4, '0')
        const width = 0x10000 / 2 ** bits
        const expected = Array.from({ length: 2 ** bits }, (_, k) => k).filter(
          (k) => from < to && k * width < to && (k + 1) * width > from,
        )
        if (from < to) expect(shardsOf(toSortKeys({ from: hex(from), to: hex(to) }), 2 ** bits)).toEqual(expected)
      }),
    )
  })
})
