import { describe, expect, it } from 'vitest'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import {
  blobFrame,
  encodeFrame,
  eofFrame,
  headerFrame,
  MAX_RECORD_BYTES,
  metadataFrame,
  modelEndFrame,
  modelStartFrame,
  revisionFrame,
} from '../../shared/specstar/stream-frame.ts'

describe('the frame of a record', () => {
  it.each([
    ['of the header', headerFrame(), '82a174ac4865616465725265636f7264a776657273696f6e02'],
    [
      'of the start of a section',
      modelStartFrame('a'),
      '82a174b04d6f64656c53746172745265636f7264aa6d6f64656c5f6e616d65a161',
    ],
    ['of the end of a section', modelEndFrame('a'), '82a174ae4d6f64656c456e645265636f7264aa6d6f64656c5f6e616d65a161'],
    ['of the end', eofFrame(), '81a174a9456f665265636f7264'],
    ['of metadata', metadataFrame(Buffer.from([7])), '82a174aa4d6574615265636f7264a464617461c40107'],
    ['of a revision', revisionFrame(Buffer.from([7])), '82a174ae5265766973696f6e5265636f7264a464617461c40107'],
  ])('%s begins with the length of the record', (_what, frame, hex) => {
    expect(frame.subarray(4).toString('hex')).toBe(hex)
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4)
  })

  it.each([0, 1, 255, 256, 65_535, 65_536])(
    'of a blob of %i bytes is that of a record that is encoded whole',
    (size) => {
      const bytes = Buffer.alloc(size, 1)
      const { before, after } = blobFrame('勇者-3', size, 'a/b')
      const fields = { t: 'BlobRecord', file_id: '勇者-3', blob_data: bytes, size: BigInt(size), content_type: 'a/b' }
      expect(Buffer.concat([before, bytes, after]).equals(encodeFrame(fields))).toBe(true)
    },
  )

  it('of a blob of an unknown type contains an empty type', () => {
    expect(blobFrame('x', 1, undefined)).toEqual(blobFrame('x', 1, ''))
    expect(blobFrame('x', 1, '').after).toEqual(Buffer.concat(['size', 1n, 'content_type', ''].map(encodeMsgpack)))
  })

  it('of a blob has at most 2^32 - 1 bytes', () => {
    const { before, after } = blobFrame('x', 2 ** 32 - 1000, '')
    const around = before.length - 4 + after.length
    const maxSize = MAX_RECORD_BYTES - around
    expect(blobFrame('x', maxSize, '').before.readUInt32BE(0)).toBe(4_294_967_295)
    expect(() => blobFrame('x', maxSize + 1, '')).toThrow(
      new RangeError('a record can have at most 4294967295 bytes; this one would have 4294967296'),
    )
  })

  it.each([
    [2 ** 32 - 1, 4_294_967_361],
    [2 ** 32, 4_294_967_366],
    [2 ** 40, 1_099_511_627_846],
  ])('rejects a blob of %i bytes, with which it would have %i', (size, length) => {
    expect(() => blobFrame('x', size, 'a/b')).toThrow(
      new RangeError(`a record can have at most 4294967295 bytes; this one would have ${length}`),
    )
  })
})
