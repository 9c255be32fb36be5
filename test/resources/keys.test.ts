import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blobName } from '../../shared/blobs/blob-name.ts'
import { encodeName } from '../../shared/values/percent-encoding.ts'
import { shardsOf, toSortKeys } from '../../shared/resources/key-range.ts'
import {
  metadataKey,
  metadataSortKey,
  hashKeyOf,
  revisionKey,
  revisionSortKey,
  shardOf,
} from '../../shared/resources/keys.ts'
import { isBlank } from '../../shared/values/python-whitespace.ts'
import { ResourceIdError } from '../../shared/resources/errors.ts'
import { compareBytes } from '../../shared/values/text-order.ts'

describe('the place of a resource', () => {
  it('is what the store’s document says', () => {
    // Out of an archive that another hand wrote.
    expect(metadataKey('guild', 'g 3', 16)).toEqual({ pk: 'guild#m#5', sk: '5148b9d8ff0d8801/g 3' })
    expect(revisionKey('guild', 'g 3', 'g 3:1', null, 16)).toEqual({
      pk: 'guild#r#5',
      sk: '5148b9d8ff0d8801/g 3/0000000001/-',
    })
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
  ])('puts revision %s of schema %s at %s', (revisionId, schema, place) => {
    expect(revisionSortKey('x', revisionId, schema)).toBe(`${hashKeyOf('x')}/x/${place}`)
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
  ])('refuses the id %j', (id) => {
    expect(() => metadataSortKey(id)).toThrow(ResourceIdError)
  })

  it.each(['a\u007f', '\u0085', 'a\u009f', ' ', '\ufeff', '\u2028', '"'])('takes the id %j, as SpecStar does', (id) => {
    expect(metadataSortKey(id)).toBe(`${hashKeyOf(id)}/${id}`)
  })

  it.each(['', ' ', '\t\u001c\u0085\u00a0\u2028\u3000'])('calls the id %j blank, as Python does', (id) => {
    expect(isBlank(id)).toBe(true)
  })

  it.each(['\ufeff', '\u200b', ' a ', '\u180e'])('does not call the id %j blank', (id) => {
    expect(isBlank(id)).toBe(false)
  })

  it('shows what cannot be seen of an id that it refuses', () => {
    expect(() => metadataSortKey('/a "b"\n\u0085\ufeff\u{e0001}\ud800\u202e 勇')).toThrow(
      'resource id "/a \\"b\\"\\n\\u0085\\ufeff\\udb40\\udc01\\ud800\\u202e 勇": contains',
    )
  })

  it('counts characters of an id, and bytes of a key', () => {
    expect(metadataSortKey('勇'.repeat(255))).toHaveLength(17 + 255)
    expect(() => metadataSortKey('\u{1f600}'.repeat(255))).toThrow('1037 bytes')
    expect(() => revisionSortKey('x', 'r'.repeat(1100), null)).toThrow('DynamoDB allows at most 1024')
  })

  it.each([
    ['', 'resource id "": is empty'],
    ['a'.repeat(256), `resource id "${'a'.repeat(256)}": has more than 255 characters`],
    ['a/b', 'resource id "a/b": contains "/", "\\" or a character below U+0020'],
    ['a\ud800', 'resource id "a\\ud800": is not valid Unicode'],
  ])('says of the id %j what is wrong with it', (id, message) => {
    expect(() => metadataSortKey(id)).toThrow(expect.objectContaining({ name: 'ResourceIdError', id, message }))
    expect(() => revisionSortKey(id, 'r', null)).toThrow(expect.objectContaining({ message }))
  })

  it('takes an id of 255 characters, however many units of UTF-16 they are', () => {
    expect(metadataSortKey('a'.repeat(255))).toHaveLength(17 + 255)
    expect(metadataSortKey('a'.repeat(100) + '\u{1f600}'.repeat(155))).toHaveLength(17 + 100 + 310)
    expect(() => metadataSortKey('\u{1f600}'.repeat(256))).toThrow('has more than 255 characters')
  })

  it('takes a key of 1,024 bytes and no more', () => {
    // Before the revision stand the place, two slashes, the id and the mark of what has no number; behind it, two characters.
    const room = 1024 - (16 + 1 + 1 + 1 + 1 + 2)
    expect(revisionSortKey('x', 'r'.repeat(room), null)).toHaveLength(1024)
    expect(() => revisionSortKey('x', 'r'.repeat(room + 1), null)).toThrow(
      'resource id "x": its sort key would have 1025 bytes, and DynamoDB allows at most 1024',
    )
    const ids = '\u{1f600}'.repeat(251) + 'abc'
    expect(Buffer.byteLength(metadataSortKey(ids))).toBe(1024)
    expect(() => metadataSortKey(`${ids}d`)).toThrow('its sort key would have 1025 bytes')
  })

  it('has no place for a revision id that is not valid Unicode', () => {
    expect(() => revisionSortKey('x', 'x:\ud800', null)).toThrow(
      'resource id "x": has a revision id that is not valid Unicode',
    )
  })

  it('has keys of its own for metadata and revisions, which share a shard', () => {
    expect(metadataKey('m', 'x', 1)).toEqual({ pk: 'm#m#0', sk: `${hashKeyOf('x')}/x` })
    expect(revisionKey('m', 'x', 'x:7', 'v', 1)).toEqual({ pk: 'm#r#0', sk: `${hashKeyOf('x')}/x/0000000007/v` })
    expect(hashKeyOf('x')).toBe('2d711642b726b044')
    expect(revisionKey('m', 'x', 'x:7', undefined, 1024).pk).toBe(`m#r#${0x2d711642 >> 22}`)
  })

  it('falls into the shard of its top bits, and shards lie one behind the other', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{16}$/), fc.integer({ min: 0, max: 10 }), (h, bits) => {
        const shard = shardOf(h, 2 ** bits)
        expect(shard).toBe(Number(BigInt(`0x${h}`) >> BigInt(64 - bits)))
        expect(shardsOf({ fromSk: h, toSk: `${h}g` }, 2 ** bits)).toEqual([shard])
      }),
    )
  })

  it('has every shard of a run of buckets, and no other', () => {
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

describe('names', () => {
  it('keep every id apart, and are safe as paths', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(decodeURIComponent(encodeName(a))).toBe(a)
        if (a !== b) expect(blobName(a)).not.toBe(blobName(b))
        expect(blobName(a)).toMatch(/^[A-Za-z0-9_%-]{0,200}$/)
      }),
    )
  })

  it('that are long, or look like a hash, are hashes', () => {
    expect(blobName('..')).toBe('%2E%2E')
    expect(blobName('a'.repeat(200))).toBe('a'.repeat(200))
    expect(blobName('a'.repeat(201))).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect(blobName('sha256-x')).toMatch(/^sha256-[0-9a-f]{64}$/)
  })
})

describe('the order of texts', () => {
  it('is that of their UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
    )
    expect(compareBytes('\u{1f600}', '\ufffd')).toBeGreaterThan(0)
  })
})
