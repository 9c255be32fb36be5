import { randomBytes } from 'node:crypto'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { zstdFrameSize } from '../../shared/archive/zstd-frame.ts'

const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag, ZSTD_c_compressionLevel } = zlib.constants

const CONTENTS: readonly (readonly [string, Buffer])[] = [
  ['no bytes', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['300 bytes', Buffer.from('abc'.repeat(100))],
  ['random bytes', randomBytes(5_000)],
  ['a byte that is repeated over several blocks', Buffer.alloc(400_000, 'x')],
  ['several blocks', Buffer.from(Array.from({ length: 60_000 }, (_, k) => `${k * 7919}\n`).join(''))],
]

const compress = (bytes: Buffer, checksum: number, size: number): Buffer =>
  zlib.zstdCompressSync(bytes, {
    params: { [ZSTD_c_checksumFlag]: checksum, [ZSTD_c_contentSizeFlag]: size, [ZSTD_c_compressionLevel]: 1 },
  })

describe('zstdFrameSize', () => {
  it.each(CONTENTS)('returns the size of a frame of %s, with any members of its header', (_what, bytes) => {
    for (const checksum of [0, 1])
      for (const size of [0, 1]) {
        const frame = compress(bytes, checksum, size)
        for (const more of [Buffer.alloc(0), Buffer.from('more'), frame])
          expect(zstdFrameSize(Buffer.concat([frame, more]))).toBe(frame.length)
      }
  })

  it('returns the size of a frame whose header contains the id of a dictionary', () => {
    // The descriptor, an id of 1, 2 or 4 bytes, the size of the content, and an empty last block.
    for (const [flag, length] of [
      [1, 1],
      [2, 2],
      [3, 4],
    ] as const) {
      const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20 | flag, ...Buffer.alloc(length, 1), 0, 1, 0, 0])
      expect(zstdFrameSize(frame)).toBe(frame.length)
    }
  })

  it.each(CONTENTS)('returns undefined for every part of a frame of %s', (_what, bytes) => {
    const frame = compress(bytes, 1, 1)
    for (const end of [0, 1, 4, 5, 6, 8, frame.length - 5, frame.length - 4, frame.length - 1])
      if (end < frame.length) expect(zstdFrameSize(frame.subarray(0, end))).toBeUndefined()
  })

  it('returns undefined for other bytes', () => {
    expect(zstdFrameSize(Buffer.from('these bytes are text'))).toBeUndefined()
    expect(zstdFrameSize(zlib.gzipSync('text'))).toBeUndefined()
  })
})
