import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, ArchiveTruncatedError } from '../../shared/archive/errors.ts'
import { readStream } from '../../shared/specstar/read-stream.ts'
import { encodeFrame, modelEndFrame, modelStartFrame } from '../../shared/specstar/stream-frame.ts'
import { MAX_HELD_RECORD, StreamReader } from '../../shared/specstar/stream-reader.ts'
import { sourceOf } from './byte-sources.ts'
import { blob, eof, header } from './frames.ts'

const start = modelStartFrame('a')
const end = modelEndFrame('a')

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
      'is not a valid name of a model',
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
      new ArchiveTruncatedError('the stream ends at byte 29 after 1 record, without an EofRecord'),
    )
    await expect(readAll(Buffer.concat([whole, Buffer.alloc(2)]))).rejects.toThrow(
      new ArchiveInvalidError(
        `2 bytes follow the EofRecord, which ends at byte ${whole.length}; nothing may follow it`,
      ),
    )
    expect(await readAll(whole)).toEqual(['HeaderRecord', 'EofRecord'])
  })

  it('are rejected if the stream is truncated anywhere', async () => {
    const whole = Buffer.concat([header, start, blob(Buffer.from('content')), end, eof])
    for (let length = 0; length < whole.length; length++)
      await expect(readAll(whole.subarray(0, length))).rejects.toThrow('truncated')
  })
})
