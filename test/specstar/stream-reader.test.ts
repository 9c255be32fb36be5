import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, ArchiveTruncatedError } from '../../shared/archive/errors.ts'
import { binaryHeader, encodeMsgpack, mapHeader } from '../../shared/specstar/msgpack-writer.ts'
import { encodeFrame } from '../../shared/specstar/stream-frame.ts'
import { StreamReader } from '../../shared/specstar/stream-reader.ts'
import { type StreamRecord, streamOffsetOf } from '../../shared/specstar/stream-record.ts'
import type { ByteSource } from '../../shared/specstar/stream-window.ts'
import { sourceOf, sparse } from './byte-sources.ts'
import { must } from '../../shared/values/must.ts'
import { blob, eof, header, INCOMPLETE, lengthBytes, readerOf, tooLarge } from './frames.ts'

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
      'version: must be an integer, not a string',
    ],
    ['no name', encodeFrame({ t: 'ModelStartRecord' }), 'model_name: is missing; it must be a string'],
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
      { type: 'BlobRecord', file_id: 'x', fault: 'size: is missing; it must be an integer' },
    ],
    [
      'a file_id that is a number',
      blob(Buffer.from('ab'), { file_id: 1n }),
      { type: 'BlobRecord', file_id: undefined, fault: 'file_id: must be a string, not an integer' },
    ],
    [
      'data that is a text',
      encodeFrame({ t: 'MetaRecord', data: 'x', file_id: 'x' }),
      { type: 'MetaRecord', file_id: undefined, fault: 'data: must be binary data, not a string' },
    ],
    [
      'no data',
      encodeFrame({ t: 'RevisionRecord' }),
      { type: 'RevisionRecord', file_id: undefined, fault: 'data: is missing; it must be binary data' },
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
    const held = sparse(encodeFrame({ t: 'MetaRecord', data: Buffer.alloc(5_000_000) }))
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
