import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, ArchiveTruncatedError } from '../../shared/archive/errors.ts'
import { readStream } from '../../shared/specstar/read-stream.ts'
import { binHeader, encodeMsgpack, mapHeader } from '../../shared/specstar/msgpack-writer.ts'
import { MAX_HELD_RECORD, placeOfView, StreamReader, type StreamRecord } from '../../shared/specstar/stream-reader.ts'
import type { ByteSource } from '../../shared/specstar/stream-window.ts'
import { must } from '../../shared/values/must.ts'

const frame = (record: Record<string, unknown>): Buffer => {
  const bytes = encodeMsgpack(new Map(Object.entries(record)))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A source in memory that says the largest piece that it was asked for. */
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

const header = frame({ t: 'HeaderRecord', version: 2n })
const eof = frame({ t: 'EofRecord' })
const start = frame({ t: 'ModelStartRecord', model_name: 'a' })
const end = frame({ t: 'ModelEndRecord', model_name: 'a' })
const blob = (bytes: Buffer, more: object = {}): Buffer =>
  frame({ t: 'BlobRecord', file_id: 'x', blob_data: bytes, size: BigInt(bytes.length), content_type: 'a/b', ...more })

const readAll = async (bytes: Buffer): Promise<string[]> => {
  const seen: string[] = []
  for await (const record of readStream(sourceOf(bytes))) {
    seen.push(record.t)
    if (record.t !== 'BlobRecord') continue
    const pieces: Buffer[] = []
    for await (const piece of record.content.pieces) pieces.push(piece)
    const { offset, length } = record.content
    expect(Buffer.concat(pieces).equals(bytes.subarray(offset, offset + length))).toBe(true)
  }
  return seen
}

describe('the records of a stream', () => {
  it('are read to the end, fields in any order and unknown ones passed over', async () => {
    const turned = frame({
      content_type: '',
      new_field: [1n],
      size: 2n,
      blob_data: Buffer.from('ab'),
      file_id: 'f',
      t: 'BlobRecord',
    })
    expect(await readAll(Buffer.concat([header, start, turned, blob(Buffer.alloc(0)), end, eof]))).toEqual([
      'HeaderRecord',
      'ModelStartRecord',
      'BlobRecord',
      'BlobRecord',
      'ModelEndRecord',
      'EofRecord',
    ])
  })

  it('give a blob that is larger than what is held in pieces, whole, and go on behind it', async () => {
    const large = Buffer.alloc(MAX_HELD_RECORD + 5_000_000, 'specstar')
    const bytes = Buffer.concat([header, start, blob(large), blob(Buffer.from('small')), end, eof])
    expect(await readAll(bytes)).toHaveLength(6)
    const source = sourceOf(bytes)
    const reader = new StreamReader(source, { at: header.length + start.length, after: 2 })
    const record = await reader.next()
    expect(record).toMatchObject({ t: 'BlobRecord', number: 3, file_id: 'x', size: BigInt(large.length) })
    expect(source.largest).toBeLessThan(5 * 1024 * 1024)
  })

  it.each([
    ['a second header', [header, header], 'a second HeaderRecord'],
    ['a section inside a section', [header, start, start], 'has no ModelEndRecord'],
    [
      'the end of another section',
      [header, start, frame({ t: 'ModelEndRecord', model_name: 'b' })],
      'the end of model b',
    ],
    ['the end of the stream inside a section', [header, start, eof], 'has no ModelEndRecord'],
    [
      'a name that no model can have',
      [header, frame({ t: 'ModelStartRecord', model_name: '../a' })],
      'no name of a model',
    ],
    ['a blob that says another size', [header, start, blob(Buffer.from('ab'), { size: 3n })], 'size: says 3'],
    [
      'a blob without bytes',
      [header, start, frame({ t: 'BlobRecord', file_id: 'x', size: 0n, content_type: '' })],
      'blob_data',
    ],
    ['a blob before any section', [header, blob(Buffer.from('ab'))], "outside of a model's section"],
    [
      'a resource after the blobs',
      [header, start, blob(Buffer.from('ab')), frame({ t: 'MetaRecord', data: Buffer.alloc(1) })],
      'after the blobs',
    ],
    [
      'a large record that is no blob',
      [header, start, frame({ t: 'MetaRecord', data: Buffer.alloc(MAX_HELD_RECORD) })],
      'takes 33554432 at most',
    ],
    ['a record that is no map', [header, Buffer.from('00000001c0', 'hex')], 'not a map'],
    ['a record without a type', [header, frame({ version: 2n })], 'record 2 at byte 29: t: is not a text'],
    ['a record whose type is a number', [header, frame({ t: 5n })], 'record 2 at byte 29: t: is not a text'],
    ['a record whose type is a list', [header, frame({ t: [5n] })], 'record 2 at byte 29: t: is not a text'],
    ['an unknown type', [header, frame({ t: 'Odd\u0085' })], 'there is no record type "Odd\\u0085"'],
    ['an endless type', [header, frame({ t: 'x'.repeat(9999) })], `there is no record type "${'x'.repeat(300)}…"`],
    [
      'a blob whose size is that of its prototype',
      [header, start, frame({ t: 'BlobRecord', ['__proto__']: new Map(), file_id: 'x', blob_data: Buffer.alloc(0) })],
      'record 3 at byte 66: size: Invalid input: expected bigint, received undefined',
    ],
  ])('%s is refused', async (_what, records, message) => {
    await expect(readAll(Buffer.concat(records))).rejects.toThrow(message)
  })

  it('end with the EofRecord: without it, or with bytes behind it, they are refused', async () => {
    const whole = Buffer.concat([header, eof])
    await expect(readAll(header)).rejects.toThrow(
      new ArchiveTruncatedError('it ends at byte 29 after 1 records, without an EofRecord'),
    )
    await expect(readAll(Buffer.concat([whole, Buffer.alloc(2)]))).rejects.toThrow(
      new ArchiveInvalidError(`2 bytes follow the EofRecord, which ends at byte ${whole.length}`),
    )
    expect(await readAll(whole)).toEqual(['HeaderRecord', 'EofRecord'])
  })

  it('are refused wherever they are cut', async () => {
    const whole = Buffer.concat([header, start, blob(Buffer.from('content')), end, eof])
    for (let length = 0; length < whole.length; length++)
      await expect(readAll(whole.subarray(0, length))).rejects.toThrow('truncated')
  })
})

/** Bytes, and runs of zeros of which only those that are read take memory. */
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
const readerOf = (source: ByteSource, at = 0, after = 0): StreamReader => new StreamReader(source, { at, after })
const nextOf = async (...bytes: readonly Buffer[]): Promise<StreamRecord> =>
  must(await readerOf(sourceOf(Buffer.concat(bytes))).next())

describe('a record', () => {
  it('is given with its number, its place, its bytes and its fields', async () => {
    const data = Buffer.from('data')
    const meta = frame({ t: 'MetaRecord', data })
    const bytes = Buffer.concat([header, meta, eof])
    const reader = readerOf(sourceOf(bytes))
    expect(reader.position).toEqual({ at: 0, after: 0 })
    expect(await reader.next()).toEqual({
      t: 'HeaderRecord',
      version: 2n,
      number: 1,
      offset: 0,
      end: header.length,
      frame: header.subarray(4),
    })
    expect(reader.position).toEqual({ at: header.length, after: 1 })
    const record = must(await reader.next())
    expect(record).toEqual({
      t: 'MetaRecord',
      data,
      number: 2,
      offset: header.length,
      end: header.length + meta.length,
      frame: meta.subarray(4),
    })
    const view = record.t === 'MetaRecord' ? record.data : Buffer.alloc(0)
    expect(placeOfView(record, view)).toBe(bytes.indexOf('data', header.length + 20))
    expect(placeOfView(record, view.subarray(1))).toBe(bytes.length - eof.length - 3)
    expect(await reader.next()).toMatchObject({ t: 'EofRecord', number: 3, end: bytes.length })
    expect(await reader.next()).toBeUndefined()
    expect(reader.position).toEqual({ at: bytes.length, after: 3 })
  })

  it('is read from any place on, with the number that it has there', async () => {
    const reader = readerOf(sourceOf(Buffer.concat([header, eof])), header.length, 41)
    expect(await reader.next()).toMatchObject({ t: 'EofRecord', number: 42, offset: header.length })
  })

  it('without a version is of version 2', async () => {
    expect(await nextOf(frame({ t: 'HeaderRecord' }))).toMatchObject({ version: 2n })
  })

  it('of a blob says where its bytes are, and gives them', async () => {
    const bytes = Buffer.concat([header, blob(Buffer.from('kept so'))])
    const record = await readerOf(sourceOf(bytes), header.length, 1).next()
    if (record?.t !== 'BlobRecord') throw new Error('no blob')
    const { content, ...fields } = record
    expect(fields).toEqual({
      t: 'BlobRecord',
      file_id: 'x',
      size: 7n,
      content_type: 'a/b',
      number: 2,
      offset: header.length,
      end: bytes.length,
      frame: bytes.subarray(header.length + 4),
    })
    expect(content).toMatchObject({ offset: bytes.indexOf('kept so'), length: 7 })
    const pieces: string[] = []
    for await (const piece of content.pieces) pieces.push(piece.toString())
    expect(pieces).toEqual(['kept so'])
  })

  it.each([
    ['one byte', [Buffer.alloc(1)], '1 of the 4 bytes of its length'],
    ['three bytes', [Buffer.alloc(3)], '3 of the 4 bytes of its length'],
    ['its length alone', [lengthBytes(1)], '0 of its 1 bytes'],
    ['all but one byte', [eof.subarray(0, -1)], `${eof.length - 5} of its ${eof.length - 4} bytes`],
  ])('of which there is %s is truncated', async (_what, bytes, reason) => {
    await expect(nextOf(header, ...bytes)).resolves.toMatchObject({ number: 1 })
    const reader = readerOf(sourceOf(Buffer.concat([header, ...bytes])), header.length, 1)
    await expect(reader.next()).rejects.toThrow(
      new ArchiveTruncatedError(`record 2 at byte ${header.length}: ${reason}`),
    )
  })

  it.each([
    ['no bytes at all', lengthBytes(0), 'it ends inside a value'],
    [
      'bytes behind its map',
      Buffer.concat([lengthBytes(eof.length - 2), eof.subarray(4), Buffer.alloc(2)]),
      '2 bytes after its map',
    ],
    ['a map that is cut', Buffer.from('0000000181', 'hex'), 'it ends inside a value'],
    [
      'a blob that is a text',
      frame({ t: 'BlobRecord', file_id: 'x', blob_data: 'text', size: 4n, content_type: '' }),
      'blob_data: is not binary',
    ],
    [
      'a blob twice',
      Buffer.concat([
        lengthBytes(26),
        mapHeader(2),
        encodeMsgpack('blob_data'),
        binHeader(1),
        Buffer.from('a'),
        encodeMsgpack('blob_data'),
        binHeader(0),
      ]),
      'blob_data: stands twice',
    ],
    ['no blob', frame({ t: 'BlobRecord', file_id: 'x', size: 0n, content_type: '' }), 'blob_data: is missing'],
    ['another size', blob(Buffer.from('ab'), { size: 1n }), 'size: says 1, blob_data has 2 bytes'],
    [
      'a version that is a text',
      frame({ t: 'HeaderRecord', version: '2' }),
      'version: Invalid input: expected bigint, received string',
    ],
    ['no name', frame({ t: 'ModelStartRecord' }), 'model_name: Invalid input: expected string, received undefined'],
    [
      'data that are a text',
      frame({ t: 'MetaRecord', data: 'x' }),
      'data: Invalid input: expected Buffer, received string',
    ],
  ])('with %s is refused', async (_what, bytes, reason) => {
    await expect(nextOf(bytes)).rejects.toThrow(new ArchiveInvalidError(`record 1 at byte 0: ${reason}`))
  })

  it('may have keys that are no texts, and a blob that its type does not know', async () => {
    const odd = encodeMsgpack(
      new Map<unknown, unknown>([
        [5n, 'x'],
        ['t', 'EofRecord'],
        ['blob_data', Buffer.from('x')],
      ]),
    )
    const record = await nextOf(lengthBytes(odd.length), odd)
    expect(record).toEqual({ t: 'EofRecord', number: 1, offset: 0, end: odd.length + 4, frame: odd })
  })

  it('is no matter of the archive where the source fails', async () => {
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

  it('takes 32 MiB, and one byte more is refused where it is no blob', async () => {
    const fields = ['t', 'MetaRecord', 'data'].map(encodeMsgpack)
    const around = Buffer.concat([mapHeader(2), ...fields])
    const of = (length: number): ByteSource => {
      const size = length - around.length - 5
      return sparse(lengthBytes(length), around, binHeader(size), size)
    }
    const record = await readerOf(of(33_554_432)).next()
    expect(record).toMatchObject({ t: 'MetaRecord', end: 33_554_436 })
    await expect(readerOf(of(33_554_433)).next()).rejects.toThrow(
      new ArchiveInvalidError(
        "record 1 at byte 0: 33554433 bytes; without a blob's bytes a record takes 33554432 at most",
      ),
    )
  })
})

describe('a record with a large blob', () => {
  const SIZE = 33_554_432
  /** The bytes before a blob's, `padding` of them unknown; and those behind. */
  const parts = (size: number, { before = 0, behind = 0 }: { before?: number; behind?: number }) => {
    const pad = (name: string, bytes: number): Buffer[] => [encodeMsgpack(name), binHeader(bytes), Buffer.alloc(bytes)]
    const texts = (...values: unknown[]): Buffer[] => values.map(encodeMsgpack)
    const head = Buffer.concat([
      mapHeader(7),
      ...pad('before', before),
      ...texts('t', 'BlobRecord', 'file_id', 'x', 'blob_data'),
      binHeader(size),
    ])
    const tail = Buffer.concat([...texts('size', BigInt(size), 'content_type', ''), ...pad('behind', behind)])
    return { head, tail }
  }
  const small = parts(SIZE, {})
  /** Padding of 300 bytes and more has a header of three bytes instead of two. */
  const beforeOf = (length: number): number => length - small.head.length - 1
  const behindOf = (length: number): number => length - small.tail.length - 1
  const sourceWith = (head: Buffer, size: number, tail: Buffer, ...more: Buffer[]): ByteSource =>
    sparse(lengthBytes(head.length + size + tail.length), head, size, tail, ...more)

  it('is read in pieces, its fields before and behind them known at once', async () => {
    const { head, tail } = parts(SIZE, { before: 1000, behind: 1000 })
    const source = sourceWith(head, SIZE, tail, eof)
    const reader = readerOf(source)
    const record = await reader.next()
    if (record?.t !== 'BlobRecord') throw new Error('no blob')
    const end = 4 + head.length + SIZE + tail.length
    expect(record).toMatchObject({ file_id: 'x', size: BigInt(SIZE), content_type: '', number: 1, offset: 0, end })
    expect(record.content).toMatchObject({ offset: 4 + head.length, length: SIZE })
    expect(record.frame).toHaveLength(65_536)
    const lengths: number[] = []
    for await (const piece of record.content.pieces) lengths.push(piece.length)
    expect(lengths[0]).toBe(65_536 - head.length)
    expect(lengths.reduce((sum, length) => sum + length)).toBe(SIZE)
    expect(reader.position).toEqual({ at: end, after: 1 })
    expect(await reader.next()).toMatchObject({ t: 'EofRecord', number: 2, offset: end })
    expect(await reader.next()).toBeUndefined()
  })

  it.each([
    ['64 KiB before them', { before: beforeOf(65_536) }],
    ['64 KiB behind them', { behind: behindOf(65_536) }],
  ])('may have %s', async (_what, padding) => {
    const { head, tail } = parts(SIZE, padding)
    expect(Math.max(head.length, tail.length)).toBe(65_536)
    const record = await readerOf(sourceWith(head, SIZE, tail)).next()
    expect(record).toMatchObject({ t: 'BlobRecord', content: { offset: 4 + head.length, length: SIZE } })
  })

  it('may end with them', async () => {
    const head = Buffer.concat([
      mapHeader(5),
      ...['t', 'BlobRecord', 'file_id', 'x', 'size', BigInt(SIZE), 'content_type', '', 'blob_data'].map(encodeMsgpack),
      binHeader(SIZE),
    ])
    const reader = readerOf(sourceWith(head, SIZE, Buffer.alloc(0)))
    expect(await reader.next()).toMatchObject({ t: 'BlobRecord', end: 4 + head.length + SIZE })
  })

  const refusal = (length: number): string => `${length} bytes; without a blob's bytes a record takes 33554432 at most`
  const tooFar = parts(SIZE, { before: beforeOf(65_537) })
  const tooLong = parts(SIZE, { behind: behindOf(65_537) })
  const hidden = Buffer.concat([
    mapHeader(4),
    ...['t', 'BlobRecord', 'file_id', 'x', 'size', BigInt(SIZE), 'content_type', '', 'blob_data'].map(encodeMsgpack),
    binHeader(SIZE),
  ])
  const text = Buffer.concat([mapHeader(5), ...['t', 'BlobRecord', 'blob_data'].map(encodeMsgpack), Buffer.alloc(1)])
  it.each([
    ['a byte more before them', tooFar.head, SIZE, tooFar.tail, refusal(65_537 + SIZE + tooFar.tail.length)],
    ['a byte more behind them', tooLong.head, SIZE, tooLong.tail, refusal(tooLong.head.length + SIZE + 65_537)],
    ['more bytes than the record', small.head, SIZE - 1, Buffer.alloc(0), refusal(small.head.length + SIZE - 1)],
    ['the blob behind its map', hidden, SIZE, Buffer.alloc(0), refusal(hidden.length + SIZE)],
    ['a blob that is not binary', text, SIZE, Buffer.alloc(0), refusal(text.length + SIZE)],
    ['no map', Buffer.from([0xc0]), SIZE, Buffer.alloc(0), 'it is not a map'],
    ['bytes behind its map', small.head, SIZE, Buffer.concat([small.tail, Buffer.alloc(3)]), '3 bytes after its map'],
    ['too few fields behind them', small.head, SIZE, small.tail.subarray(0, -9), 'it ends inside a value'],
    [
      'a second blob behind them',
      small.head,
      SIZE,
      Buffer.concat([encodeMsgpack('blob_data'), binHeader(0)]),
      'blob_data: stands twice',
    ],
    [
      'another size',
      small.head,
      SIZE,
      Buffer.concat([...['size', 1n, 'content_type', '', 'behind', Buffer.alloc(0)].map(encodeMsgpack)]),
      `size: says 1, blob_data has ${SIZE} bytes`,
    ],
  ])('and %s is refused', async (_what, head, size, tail, reason) => {
    await expect(readerOf(sourceWith(head, size, tail)).next()).rejects.toThrow(
      new ArchiveInvalidError(`record 1 at byte 0: ${reason}`),
    )
  })

  it('goes as far as 32 bits do', async () => {
    const size = 2 ** 32 - 1 - small.head.length - small.tail.length
    const { head, tail } = parts(size, {})
    const record = await readerOf(sourceWith(head, size, tail)).next()
    expect(record).toMatchObject({ size: BigInt(size), end: 2 ** 32 + 3, content: { length: size } })
  })
})
