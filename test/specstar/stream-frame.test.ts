import { describe, expect, it } from 'vitest'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import {
  blobFrame,
  encodeFrame,
  endFrame,
  eofFrame,
  headerFrame,
  MAX_FRAME_BYTES,
  metaFrame,
  revisionFrame,
  startFrame,
} from '../../shared/specstar/stream-frame.ts'

describe('a record of a stream', () => {
  it.each([
    ['the header', headerFrame(), '82a174ac4865616465725265636f7264a776657273696f6e02'],
    ['a section begins', startFrame('a'), '82a174b04d6f64656c53746172745265636f7264aa6d6f64656c5f6e616d65a161'],
    ['a section ends', endFrame('a'), '82a174ae4d6f64656c456e645265636f7264aa6d6f64656c5f6e616d65a161'],
    ['the end', eofFrame(), '81a174a9456f665265636f7264'],
    ['metadata', metaFrame(Buffer.from([7])), '82a174aa4d6574615265636f7264a464617461c40107'],
    ['a revision', revisionFrame(Buffer.from([7])), '82a174ae5265766973696f6e5265636f7264a464617461c40107'],
  ])('has its length before it: %s', (_what, frame, hex) => {
    expect(frame.subarray(4).toString('hex')).toBe(hex)
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4)
  })

  it.each([0, 1, 255, 256, 65_535, 65_536])('of a blob of %i bytes is as if it were written whole', (size) => {
    const bytes = Buffer.alloc(size, 1)
    const { before, behind } = blobFrame('勇者-3', size, 'a/b')
    const fields = { t: 'BlobRecord', file_id: '勇者-3', blob_data: bytes, size: BigInt(size), content_type: 'a/b' }
    expect(Buffer.concat([before, bytes, behind]).equals(encodeFrame(fields))).toBe(true)
  })

  it('of a blob of no known type says an empty one', () => {
    expect(blobFrame('x', 1, undefined)).toEqual(blobFrame('x', 1, ''))
    expect(blobFrame('x', 1, '').behind).toEqual(Buffer.concat(['size', 1n, 'content_type', ''].map(encodeMsgpack)))
  })

  it('takes 2^32 - 1 bytes, and not one more', () => {
    const { before, behind } = blobFrame('x', 2 ** 32 - 1000, '')
    const around = before.length - 4 + behind.length
    const most = MAX_FRAME_BYTES - around
    expect(blobFrame('x', most, '').before.readUInt32BE(0)).toBe(4_294_967_295)
    expect(() => blobFrame('x', most + 1, '')).toThrow(
      new RangeError('a record of 4294967296 bytes; a stream takes 4294967295'),
    )
  })

  it.each([
    [2 ** 32 - 1, 4_294_967_361],
    [2 ** 32, 4_294_967_366],
    [2 ** 40, 1_099_511_627_846],
  ])('cannot hold a blob of %i bytes: it would have %i', (size, length) => {
    expect(() => blobFrame('x', size, 'a/b')).toThrow(
      new RangeError(`a record of ${length} bytes; a stream takes 4294967295`),
    )
  })
})
