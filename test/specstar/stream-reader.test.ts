import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, ArchiveTruncatedError } from '../../shared/archive/errors.ts'
import { readStream } from '../../shared/specstar/read-stream.ts'
import { binaryHeader, encodeMsgpack, mapHeader } from '../../shared/specstar/msgpack-writer.ts'
import {
  encodeFrame,
  eofFrame,
  headerFrame,
  modelEndFrame,
  modelStartFrame,
} from '../../shared/specstar/stream-frame.ts'
import { MAX_HELD_RECORD, StreamReader } from '../../shared/specstar/stream-reader.ts'
import { type StreamRecord, streamOffsetOf } from '../../shared/specstar/stream-record.ts'
import type { ByteSource } from '../../shared/specstar/stream-window.ts'
import { must } from '../../shared/values/must.ts'

const INCOMPLETE = 'the bytes end inside a msgpack value'
const tooLarge = (length: number): string =>
  `the record has ${length} bytes; at most 33554432 are allowed, or a blob with at most 65536 bytes before and after it`

/** A source in memory that records the length of the largest read. */
const sourceOf = (bytes: Buffer) => {
  const source = {
    size: bytes.length,
    largest: 0,
    read: (start: number, length: number): Promise<Buffer> => {
      source.largest = Math.max(source.largest, length)
      return Promise.resolve(bytes.subarray(start, start + length))
    },
  }
  return source
}

const header = headerFrame()
const eof = eofFrame()
const start = modelStartFrame('a')
const end = modelEndFrame('a')
const blob = (bytes: Buffer, more: object = {}): Buffer =>
  encodeFrame({
    t: 'BlobRecord',
    file_id: 'x',
    blob_data: bytes,
    size: BigInt(bytes.length),
    content_type: 'a/b',
    ...more,
  })

/** Reads a stream and its blobs to the end. Returns the types of its records. */
const readAll = async (bytes: Buffer): Promise<string[]> => {
  const types: string[] = []
  for await (const record of readStream(sourceOf(bytes))) {
    types.push(record.t)
    if (record.t !== 'BlobRecord') continue
    const pieces: Buffer[] = []
    for await (const piece of record.content.pieces) pieces.push(piece)
    const { offset, length } = record.content
    expect(Buffer.concat(pieces).equals(bytes.subarray(offset, offset + length))).toBe(true)
  }
  return types
}

describe('the records of a stream', () => {
  it('are read to the end, with fields in any order and without unknown fields', async () => {
    const reordered = encodeFrame({
      content_type: '',
      new_field: [1n],
      size: 2n,
      blob_data: Buffer.from('ab'),
      file_id: 'f',
      t: 'BlobRecord',
    })
    expect(await readAll(Buffer.concat([header, start, reordered, blob(Buffer.alloc(0)), end, eof]))).toEqual([
      'HeaderRecord',
      'ModelStartRecord',
      'BlobRecord',
      'BlobRecord',
      'ModelEndRecord',
      'EofRecord',
    ])
  })

  it('return a large blob in pieces, and continue after it', async () => {
    const large = Buffer.alloc(MAX_HELD_RECORD + 5_000_000, 'specstar')
    const bytes = Buffer.concat([header, start, blob(large), blob(Buffer.from('small')), end, eof])
    expect(await readAll(bytes)).toHaveLength(6)
    const source = sourceOf(bytes)
    const reader = new StreamReader(source, { offset: header.length + start.length, records: 2 })
    const record = await reader.next()
    expect(record).toMatchObject({ t: 'BlobRecord', number: 3, file_id: 'x', size: BigInt(large.length) })
    expect(source.largest).toBeLessThan(5 * 1024 * 1024)
  })

  it.each([
    ['a second header', [header, header], 'only the first record may be a HeaderRecord'],
    ['a section inside a section', [header, start, start], 'has no ModelEndRecord'],
    [
      'the end of another section',
      [header, start, encodeFrame({ t: 'ModelEndRecord', model_name: 'b' })],
      'a ModelEndRecord of model b needs an open section',
    ],
    ['the end of the stream inside a section', [header, start, eof], 'has no ModelEndRecord'],
    [
      'an invalid name of a model',
      [header, encodeFrame({ t: 'ModelStartRecord', model_name: '../a' })],
      'is not the name of a model',
    ],
    ['a blob before any section', [header, blob(Buffer.from('ab'))], 'must be inside the section of a model'],
    [
      'a resource after the blobs',
      [header, start, blob(Buffer.from('ab')), encodeFrame({ t: 'MetaRecord', data: Buffer.alloc(1) })],
      'must precede the blobs',
    ],
    [
      'a large record that is not a blob',
      [header, start, encodeFrame({ t: 'MetaRecord', data: Buffer.alloc(MAX_HELD_RECORD) })],
      'at most 33554432 are allowed',
    ],
    ['a record that is not a map', [header, Buffer.from('00000001c0', 'hex')], 'a msgpack map is expected'],
    [
      'a record without a type',
      [header, encodeFrame({ version: 2n })],
      'record 2 at byte 29: t: must be a string, the type of the record',
    ],
    [
      'a record whose type is a number',
      [header, encodeFrame({ t: 5n })],
      'record 2 at byte 29: t: must be a string, the type of the record',
    ],
    [
      'a record whose type is a list',
      [header, encodeFrame({ t: [5n] })],
      'record 2 at byte 29: t: must be a string, the type of the record',
    ],
    ['an unknown type', [header, encodeFrame({ t: 'Odd\u0085' })], 't: there is no record type "Odd\\u0085"'],
    [
      'a very long type',
      [header, encodeFrame({ t: 'x'.repeat(9999) })],
      `there is no record type "${'x'.repeat(300)}…"`,
    ],
  ])('are rejected: %s', async (_what, records, message) => {
    await expect(readAll(Buffer.concat(records))).rejects.toThrow(message)
  })

  it('are rejected without an EofRecord, or with bytes after it', async () => {
    const whole = Buffer.concat([header, eof])
    await expect(readAll(header)).rejects.toThrow(
      new ArchiveTruncatedError('the stream ends at byte 29 after 1 records, without an EofRecord'),
    )
    await expect(readAll(Buffer.concat([whole, Buffer.alloc(2)]))).rejects.toThrow(
      new ArchiveInvalidError(`2 bytes follow the EofRecord, which ends at byte ${whole.length}; none are allowed`),
    )
    expect(await readAll(whole)).toEqual(['HeaderRecord', 'EofRecord'])
  })

  it('are rejected if the stream is truncated anywhere', async () => {
    const whole = Buffer.concat([header, start, blob(Buffer.from('content')), end, eof])
    for (let length = 0; length < whole.length; length++)
      await expect(readAll(whole.subarray(0, length))).rejects.toThrow('truncated')
  })
})

/** A source of bytes and of runs of zeros. A run of zeros needs no memory until it is read. */
const sparse = (...parts: readonly (Buffer | number)[]): ByteSource => {
  const lengthOf = (part: Buffer | number): number => (typeof part === 'number' ? part : part.length)
  return {
    size: parts.reduce<number>((sum, part) => sum + lengthOf(part), 0),
    read: (start, length) => {
      const bytes = Buffer.alloc(length)
      let at = 0
      for (const part of parts) {
        const from = Math.max(start, at)
        if (typeof part !== 'number' && from < at + part.length && at < start + length)
          part.copy(bytes, from - start, from - at)
        at += lengthOf(part)
      }
      return Promise.resolve(bytes)
    },
  }
}
const lengthBytes = (length: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}
const readerOf = (source: ByteSource, offset = 0, records = 0): StreamReader =>
  new StreamReader(source, { offset, records })
const nextOf = async (...bytes: readonly Buffer[]): Promise<StreamRecord> =>
  must(await readerOf(sourceOf(Buffer.concat(bytes))).next())

describe('a record', () => {
  it('is returned with its number, offset, bytes and fields', async () => {
    const data = Buffer.from('data')
    const meta = encodeFrame({ t: 'MetaRecord', data })
    const bytes = Buffer.concat([header, meta, eof])
    const reader = readerOf(sourceOf(bytes))
    expect(reader.position).toEqual({ offset: 0, records: 0 })
    expect(await reader.next()).toEqual({
      t: 'HeaderRecord',
      version: 2n,
      number: 1,
      offset: 0,
      end: header.length,
      body: header.subarray(4),
    })
    expect(reader.position).toEqual({ offset: header.length, records: 1 })
    const record = must(await reader.next())
    expect(record).toEqual({
      t: 'MetaRecord',
      data,
      number: 2,
      offset: header.length,
      end: header.length + meta.length,
      body: meta.subarray(4),
    })
    const view = record.t === 'MetaRecord' ? record.data : Buffer.alloc(0)
    expect(streamOffsetOf(record, view)).toBe(bytes.indexOf('data', header.length + 20))
    expect(streamOffsetOf(record, view.subarray(1))).toBe(bytes.length - eof.length - 3)
    expect(await reader.next()).toMatchObject({ t: 'EofRecord', number: 3, end: bytes.length })
    expect(await reader.next()).toBeUndefined()
    expect(reader.position).toEqual({ offset: bytes.length, records: 3 })
  })

  it('is read from any position', async () => {
    const reader = readerOf(sourceOf(Buffer.concat([header, eof])), header.length, 41)
    expect(await reader.next()).toMatchObject({ t: 'EofRecord', number: 42, offset: header.length })
  })

  it('of a header has version 2 by default', async () => {
    expect(await nextOf(encodeFrame({ t: 'HeaderRecord' }))).toMatchObject({ version: 2n })
  })

  it('of a blob contains the offset of its bytes, and the bytes', async () => {
    const bytes = Buffer.concat([header, blob(Buffer.from('content'))])
    const record = await readerOf(sourceOf(bytes), header.length, 1).next()
    if (record?.t !== 'BlobRecord') throw new Error('the record is not a blob')
    const { content, ...fields } = record
    expect(fields).toEqual({
      t: 'BlobRecord',
      file_id: 'x',
      size: 7n,
      content_type: 'a/b',
      number: 2,
      offset: header.length,
      end: bytes.length,
      body: bytes.subarray(header.length + 4),
    })
    expect(content).toMatchObject({ offset: bytes.indexOf('content'), length: 7 })
    const pieces: string[] = []
    for await (const piece of content.pieces) pieces.push(piece.toString())
    expect(pieces).toEqual(['content'])
  })

  it.each([
    ['one byte', [Buffer.alloc(1)], 'the stream ends inside the length of the record, after 1 of 4 bytes'],
    ['three bytes', [Buffer.alloc(3)], 'the stream ends inside the length of the record, after 3 of 4 bytes'],
    ['only its length', [lengthBytes(1)], 'the stream ends inside the record, after 0 of 1 bytes'],
    [
      'all but one byte',
      [eof.subarray(0, -1)],
      `the stream ends inside the record, after ${eof.length - 5} of ${eof.length - 4} bytes`,
    ],
  ])('is truncated if the stream ends after %s', async (_what, bytes, reason) => {
    await expect(nextOf(header, ...bytes)).resolves.toMatchObject({ number: 1 })
    const reader = readerOf(sourceOf(Buffer.concat([header, ...bytes])), header.length, 1)
    await expect(reader.next()).rejects.toThrow(
      new ArchiveTruncatedError(`record 2 at byte ${header.length}: ${reason}`),
    )
  })

  it.each([
    ['no bytes at all', lengthBytes(0), INCOMPLETE],
    [
      'bytes after its map',
      Buffer.concat([lengthBytes(eof.length - 2), eof.subarray(4), Buffer.alloc(2)]),
      '2 unexpected bytes follow the map of the record',
    ],
    ['a truncated map', Buffer.from('0000000181', 'hex'), INCOMPLETE],
    [
      'two blobs',
      Buffer.concat([
        lengthBytes(26),
        mapHeader(2),
        encodeMsgpack('blob_data'),
        binaryHeader(1),
        Buffer.from('a'),
        encodeMsgpack('blob_data'),
        binaryHeader(0),
      ]),
      'blob_data: occurs twice',
    ],
    [
      'a version that is a text',
      encodeFrame({ t: 'HeaderRecord', version: '2' }),
      'version: Invalid input: expected bigint, received string',
    ],
    [
      'no name',
      encodeFrame({ t: 'ModelStartRecord' }),
      'model_name: Invalid input: expected string, received undefined',
    ],
  ])('is rejected with %s', async (_what, bytes, reason) => {
    await expect(nextOf(bytes)).rejects.toThrow(new ArchiveInvalidError(`record 1 at byte 0: ${reason}`))
  })

  it.each([
    [
      'a blob that is a text',
      encodeFrame({ t: 'BlobRecord', file_id: 'x', blob_data: 'text', size: 4n, content_type: '' }),
      { type: 'BlobRecord', file_id: 'x', fault: 'blob_data: must be a binary msgpack value' },
    ],
    [
      'no blob',
      encodeFrame({ t: 'BlobRecord', file_id: 'x', size: 0n, content_type: '' }),
      { type: 'BlobRecord', file_id: 'x', fault: 'blob_data: is missing' },
    ],
    [
      'a wrong size',
      blob(Buffer.from('ab'), { size: 1n }),
      { type: 'BlobRecord', file_id: 'x', fault: 'size: is 1, but blob_data has 2 bytes' },
    ],
    [
      'a size that could be inherited from a prototype',
      encodeFrame({ t: 'BlobRecord', ['__proto__']: new Map(), file_id: 'x', blob_data: Buffer.alloc(0) }),
      { type: 'BlobRecord', file_id: 'x', fault: 'size: Invalid input: expected bigint, received undefined' },
    ],
    [
      'a file_id that is a number',
      blob(Buffer.from('ab'), { file_id: 1n }),
      { type: 'BlobRecord', file_id: undefined, fault: 'file_id: Invalid input: expected string, received bigint' },
    ],
    [
      'data that is a text',
      encodeFrame({ t: 'MetaRecord', data: 'x', file_id: 'x' }),
      { type: 'MetaRecord', file_id: undefined, fault: 'data: Invalid input: expected Buffer, received string' },
    ],
    [
      'no data',
      encodeFrame({ t: 'RevisionRecord' }),
      { type: 'RevisionRecord', file_id: undefined, fault: 'data: Invalid input: expected Buffer, received undefined' },
    ],
  ])('is broken if it has %s, and the next record can be read', async (_what, bytes, expected) => {
    const reader = new StreamReader(sourceOf(Buffer.concat([bytes, eof])), { offset: 0, records: 0 })
    expect(await reader.next()).toMatchObject({
      t: 'BrokenRecord',
      number: 1,
      offset: 0,
      end: bytes.length,
      ...expected,
    })
    expect(await reader.next()).toMatchObject({ t: 'EofRecord', number: 2 })
  })

  it('may have keys that are not texts, and a blob that its type does not have', async () => {
    const odd = encodeMsgpack(
      new Map<unknown, unknown>([
        [5n, 'x'],
        ['t', 'EofRecord'],
        ['blob_data', Buffer.from('x')],
      ]),
    )
    const record = await nextOf(lengthBytes(odd.length), odd)
    expect(record).toEqual({ t: 'EofRecord', number: 1, offset: 0, end: odd.length + 4, body: odd })
  })

  it('throws the error of the source, not an error about the archive, if a read fails', async () => {
    const fault = new TypeError('gone')
    const reader = readerOf({ size: 40, read: () => Promise.reject(fault) })
    await expect(reader.next()).rejects.toBe(fault)
    const held = sparse(lengthBytes(5_000_000), 5_000_000)
    const later = readerOf({
      size: held.size,
      read: (start, length) => (start === 0 ? held.read(start, length) : Promise.reject(fault)),
    })
    await expect(later.next()).rejects.toBe(fault)
  })

  it('has at most 32 MiB if it is not a blob', async () => {
    const fields = ['t', 'MetaRecord', 'data'].map(encodeMsgpack)
    const around = Buffer.concat([mapHeader(2), ...fields])
    const sourceOfRecord = (length: number): ByteSource => {
      const size = length - around.length - 5
      return sparse(lengthBytes(length), around, binaryHeader(size), size)
    }
    const record = await readerOf(sourceOfRecord(33_554_432)).next()
    expect(record).toMatchObject({ t: 'MetaRecord', end: 33_554_436 })
    await expect(readerOf(sourceOfRecord(33_554_433)).next()).rejects.toThrow(
      new ArchiveInvalidError(`record 1 at byte 0: ${tooLarge(33_554_433)}`),
    )
  })
})

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
