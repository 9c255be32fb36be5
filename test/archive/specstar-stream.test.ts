import { describe, expect, it } from 'vitest'
import { NotAnArchiveError, UnsupportedVersionError } from '../../shared/archive/errors.ts'
import { isStream, rejectStream, STREAM_HEAD_BYTES } from '../../shared/archive/specstar-stream.ts'
import { encodeFrame, headerFrame, startFrame } from '../../shared/specstar/stream-frame.ts'

const STREAM = "SpecStar's length-prefixed msgpack stream"

describe('the beginning of a stream of SpecStar', () => {
  it.each([
    ['is its header', headerFrame()],
    ['is its header without a version', encodeFrame({ t: 'HeaderRecord' })],
    ['has more keys', encodeFrame({ t: 'HeaderRecord', version: 2n, later: 'x' })],
    ['goes on', Buffer.concat([headerFrame(), startFrame('city'), Buffer.alloc(STREAM_HEAD_BYTES)])],
  ])('%s', (_, head) => {
    expect(isStream(head)).toBe(true)
    expect(() => {
      rejectStream(head)
    }).toThrow(new UnsupportedVersionError(2, STREAM))
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['four bytes', Buffer.alloc(4)],
    ['zeros', Buffer.alloc(512)],
    ['a header that is cut', headerFrame().subarray(0, -1)],
    ['no msgpack', Buffer.from([0, 0, 0, 1, 0xc1])],
    ['msgpack that is no map', Buffer.from([0, 0, 0, 1, 7])],
    ['a map without t', encodeFrame({ version: 2n })],
    ['another map', encodeFrame({ t: 'Records' })],
    ['a t that is no text', encodeFrame({ t: 2n })],
  ])('is not %s', (_, head) => {
    expect(isStream(head)).toBe(false)
    expect(() => {
      rejectStream(head)
    }).not.toThrow()
  })

  it.each([1, 3])('is refused of version %d', (version) => {
    const head = encodeFrame({ t: 'HeaderRecord', version: BigInt(version) })
    expect(() => isStream(head)).toThrow(new UnsupportedVersionError(version, STREAM))
  })

  it('is refused where it is another record', () => {
    const refused = new NotAnArchiveError(`it is ${STREAM} without its header`)
    expect(() => isStream(startFrame('city'))).toThrow(refused)
    expect(() => isStream(encodeFrame({ t: 'HeaderRecord', version: '2' }))).toThrow(refused)
  })
})
