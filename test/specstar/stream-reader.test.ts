import { describe, expect, it } from 'vitest'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { readStream } from '../../shared/specstar/read-stream.ts'
import { MAX_HELD_RECORD, StreamReader } from '../../shared/specstar/stream-reader.ts'

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

  it('are refused wherever they are cut', async () => {
    const whole = Buffer.concat([header, start, blob(Buffer.from('content')), end, eof])
    for (let length = 0; length < whole.length; length++)
      await expect(readAll(whole.subarray(0, length))).rejects.toThrow('truncated')
  })
})
