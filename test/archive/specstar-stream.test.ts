import { describe, expect, it } from 'vitest'
import { NotAnArchiveError, UnsupportedVersionError } from '../../shared/archive/errors.ts'
import { isSpecStarStream, rejectSpecStarStream, STREAM_HEAD_BYTES } from '../../shared/archive/specstar-stream.ts'
import { encodeFrame, headerFrame, modelStartFrame } from '../../shared/specstar/stream-frame.ts'

const STREAM = "SpecStar's length-prefixed msgpack stream"

describe("SpecStar's stream", () => {
  it.each([
    ['its header', headerFrame()],
    ['its header without a version', encodeFrame({ t: 'HeaderRecord' })],
    ['its header with unknown keys', encodeFrame({ t: 'HeaderRecord', version: 2n, later: 'x' })],
    [
      'its header and more records',
      Buffer.concat([headerFrame(), modelStartFrame('city'), Buffer.alloc(STREAM_HEAD_BYTES)]),
    ],
  ])('is recognised by %s', (_, head) => {
    expect(isSpecStarStream(head)).toBe(true)
    expect(() => {
      rejectSpecStarStream(head)
    }).toThrow(new UnsupportedVersionError(2, STREAM))
  })

  it.each([
    ['no bytes', Buffer.alloc(0)],
    ['four bytes', Buffer.alloc(4)],
    ['zero bytes', Buffer.alloc(512)],
    ['a header without its last byte', headerFrame().subarray(0, -1)],
    ['a record that is not msgpack', Buffer.from([0, 0, 0, 1, 0xc1])],
    ['msgpack that is not a map', Buffer.from([0, 0, 0, 1, 7])],
    ['a map without t', encodeFrame({ version: 2n })],
    ['a map with another t', encodeFrame({ t: 'Records' })],
    ['a map whose t is not a string', encodeFrame({ t: 2n })],
  ])('is not recognised in %s', (_, head) => {
    expect(isSpecStarStream(head)).toBe(false)
    expect(() => {
      rejectSpecStarStream(head)
    }).not.toThrow()
  })

  it.each([1, 3])('is rejected with version %d', (version) => {
    const head = encodeFrame({ t: 'HeaderRecord', version: BigInt(version) })
    expect(() => isSpecStarStream(head)).toThrow(new UnsupportedVersionError(version, STREAM))
  })

  it('is rejected without a valid header', () => {
    const error = new NotAnArchiveError(`the file is ${STREAM} without its header`)
    expect(() => isSpecStarStream(modelStartFrame('city'))).toThrow(error)
    expect(() => isSpecStarStream(encodeFrame({ t: 'HeaderRecord', version: '2' }))).toThrow(error)
  })
})
