import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { binaryHeader, encodeMsgpack, mapHeader } from '../../shared/specstar/msgpack-writer.ts'
import type { ByteSource } from '../../shared/specstar/stream-window.ts'
import { sparse } from './byte-sources.ts'
import { eof, INCOMPLETE, lengthBytes, readerOf, tooLarge } from './frames.ts'

describe('a record with a large blob', () => {
  const SIZE = 33_554_432
  /**
   * The bytes before and after the blob. `before` and `after` are the sizes of unknown fields that are added to them.
   */
  const parts = (size: number, { before = 0, after = 0 }: { before?: number; after?: number }) => {
    const pad = (name: string, bytes: number): Buffer[] => [
      encodeMsgpack(name),
      binaryHeader(bytes),
      Buffer.alloc(bytes),
    ]
    const texts = (...values: unknown[]): Buffer[] => values.map(encodeMsgpack)
    const head = Buffer.concat([
      mapHeader(7),
      ...pad('before', before),
      ...texts('t', 'BlobRecord', 'file_id', 'x', 'blob_data'),
      binaryHeader(size),
    ])
    const tail = Buffer.concat([...texts('size', BigInt(size), 'content_type', ''), ...pad('after', after)])
    return { head, tail }
  }
  const small = parts(SIZE, {})
  /** Padding of 300 bytes and more has a header of three bytes instead of two. */
  const beforeOf = (length: number): number => length - small.head.length - 1
  const afterOf = (length: number): number => length - small.tail.length - 1
  const sourceWith = (head: Buffer, size: number, tail: Buffer, ...more: Buffer[]): ByteSource =>
    sparse(lengthBytes(head.length + size + tail.length), head, size, tail, ...more)

  it('is returned with the fields before and after the blob, whose bytes are read in pieces', async () => {
    const { head, tail } = parts(SIZE, { before: 1000, after: 1000 })
    const source = sourceWith(head, SIZE, tail, eof)
    const reader = readerOf(source)
    const record = await reader.next()
    if (record?.t !== 'BlobRecord') throw new Error('the record is not a blob')
    const end = 4 + head.length + SIZE + tail.length
    expect(record).toMatchObject({ file_id: 'x', size: BigInt(SIZE), content_type: '', number: 1, offset: 0, end })
    expect(record.content).toMatchObject({ offset: 4 + head.length, length: SIZE })
    expect(record.body).toHaveLength(65_536)
    const lengths: number[] = []
    for await (const piece of record.content.pieces) lengths.push(piece.length)
    expect(lengths[0]).toBe(65_536 - head.length)
    expect(lengths.reduce((sum, length) => sum + length)).toBe(SIZE)
    expect(reader.position).toEqual({ offset: end, records: 1 })
    expect(await reader.next()).toMatchObject({ t: 'EofRecord', number: 2, offset: end })
    expect(await reader.next()).toBeUndefined()
  })

  const MIB = 1024 * 1024
  it.each([
    ['is read in pieces in a record of more than 4 MiB', 4 * MIB, {}, 65_536],
    ['is held in a smaller record', 4 * MIB - 200, {}, undefined],
    ['is held if there are more than 64 KiB before it', 4 * MIB, { before: beforeOf(65_537) }, undefined],
    ['is held if there are more than 64 KiB after it', 4 * MIB, { after: afterOf(65_537) }, undefined],
  ])('%s', async (_what, size, padding, held) => {
    const { head, tail } = parts(size, padding)
    const length = head.length + size + tail.length
    const reader = readerOf(sourceWith(head, size, tail, eof))
    const record = await reader.next()
    if (record?.t !== 'BlobRecord') throw new Error('the record is not a blob')
    expect(record.body).toHaveLength(held ?? length)
    expect(record).toMatchObject({ content: { offset: 4 + head.length, length: size }, end: 4 + length })
    const lengths: number[] = []
    for await (const piece of record.content.pieces) lengths.push(piece.length)
    expect(lengths.reduce((sum, bytes) => sum + bytes)).toBe(size)
    expect(lengths.length > 1).toBe(held !== undefined)
    expect(await reader.next()).toMatchObject({ t: 'EofRecord', number: 2, offset: 4 + length })
  })

  it.each([
    ['64 KiB before it', { before: beforeOf(65_536) }],
    ['64 KiB after it', { after: afterOf(65_536) }],
  ])('may have %s', async (_what, padding) => {
    const { head, tail } = parts(SIZE, padding)
    expect(Math.max(head.length, tail.length)).toBe(65_536)
    const record = await readerOf(sourceWith(head, SIZE, tail)).next()
    expect(record).toMatchObject({ t: 'BlobRecord', content: { offset: 4 + head.length, length: SIZE } })
  })

  it('can be skipped without reading the blob', async () => {
    const { head, tail } = parts(SIZE, {})
    const reader = readerOf(sourceWith(head, SIZE, tail, eof))
    expect(await reader.next()).toMatchObject({ t: 'BlobRecord' })
    expect(await reader.next()).toMatchObject({
      t: 'EofRecord',
      number: 2,
      offset: 4 + head.length + SIZE + tail.length,
    })
  })

  it('may end with the blob', async () => {
    const head = Buffer.concat([
      mapHeader(5),
      ...['t', 'BlobRecord', 'file_id', 'x', 'size', BigInt(SIZE), 'content_type', '', 'blob_data'].map(encodeMsgpack),
      binaryHeader(SIZE),
    ])
    const reader = readerOf(sourceWith(head, SIZE, Buffer.alloc(0)))
    expect(await reader.next()).toMatchObject({ t: 'BlobRecord', end: 4 + head.length + SIZE })
  })

  const longBefore = parts(SIZE, { before: beforeOf(65_537) })
  const longAfter = parts(SIZE, { after: afterOf(65_537) })
  const blobAfterMap = Buffer.concat([
    mapHeader(4),
    ...['t', 'BlobRecord', 'file_id', 'x', 'size', BigInt(SIZE), 'content_type', '', 'blob_data'].map(encodeMsgpack),
    binaryHeader(SIZE),
  ])
  const text = Buffer.concat([mapHeader(5), ...['t', 'BlobRecord', 'blob_data'].map(encodeMsgpack), Buffer.alloc(1)])
  it.each([
    [
      'more than 64 KiB before it',
      longBefore.head,
      SIZE,
      longBefore.tail,
      tooLarge(65_537 + SIZE + longBefore.tail.length),
    ],
    [
      'more than 64 KiB after it',
      longAfter.head,
      SIZE,
      longAfter.tail,
      tooLarge(longAfter.head.length + SIZE + 65_537),
    ],
    [
      'a blob that is longer than the record',
      small.head,
      SIZE - 1,
      Buffer.alloc(0),
      tooLarge(small.head.length + SIZE - 1),
    ],
    ['the blob after its map', blobAfterMap, SIZE, Buffer.alloc(0), tooLarge(blobAfterMap.length + SIZE)],
    ['a blob that is not binary', text, SIZE, Buffer.alloc(0), tooLarge(text.length + SIZE)],
    [
      'no map',
      Buffer.from([0xc0]),
      SIZE,
      Buffer.alloc(0),
      'a msgpack map is expected, but byte 0xc0 does not begin a map',
    ],
    [
      'bytes after its map',
      small.head,
      SIZE,
      Buffer.concat([small.tail, Buffer.alloc(3)]),
      '3 unexpected bytes follow the map of the record',
    ],
    ['too few fields after it', small.head, SIZE, small.tail.subarray(0, -9), INCOMPLETE],
    [
      'a second blob after it',
      small.head,
      SIZE,
      Buffer.concat([encodeMsgpack('blob_data'), binaryHeader(0)]),
      'blob_data: occurs twice',
    ],
  ])('is rejected with %s', async (_what, head, size, tail, reason) => {
    await expect(readerOf(sourceWith(head, size, tail)).next()).rejects.toThrow(
      new ArchiveInvalidError(`record 1 at byte 0: ${reason}`),
    )
  })

  it('is broken if it has a wrong size', async () => {
    const tail = Buffer.concat(['size', 1n, 'content_type', '', 'after', Buffer.alloc(0)].map(encodeMsgpack))
    expect(await readerOf(sourceWith(small.head, SIZE, tail)).next()).toMatchObject({
      t: 'BrokenRecord',
      type: 'BlobRecord',
      file_id: 'x',
      fault: `size: is 1, but blob_data has ${SIZE} bytes`,
    })
  })

  it('has at most 2^32 - 1 bytes', async () => {
    const size = 2 ** 32 - 1 - small.head.length - small.tail.length
    const { head, tail } = parts(size, {})
    const record = await readerOf(sourceWith(head, size, tail)).next()
    expect(record).toMatchObject({ size: BigInt(size), end: 2 ** 32 + 3, content: { length: size } })
  })
})
