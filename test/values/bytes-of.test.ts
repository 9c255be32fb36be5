import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { bytesOf } from '../../shared/values/bytes-of.ts'

const streamOf = (...pieces: readonly string[]): Readable => Readable.from(pieces.map((piece) => Buffer.from(piece)))

describe('the bytes of a stream', () => {
  it.each([
    ['with the expected size', ['ab', 'cde'], 5],
    ['that is shorter than expected', ['ab', 'cde'], 9],
    ['that is longer than expected, within a piece', ['ab', 'cde', 'f'], 3],
    ['that is longer than expected, after a piece', ['ab', '', 'cde', 'f'], 2],
    ['that should be empty', ['ab', 'c'], 0],
    ['that is empty', [], 3],
  ])('are all bytes of a stream %s', async (_, pieces, size) => {
    expect((await bytesOf(streamOf(...pieces), size)).toString()).toBe(pieces.join(''))
  })

  it('are in one buffer of the expected size', async () => {
    const bytes = await bytesOf(streamOf('a'.repeat(100_000), 'b'.repeat(100_000)), 200_000)
    expect(bytes.buffer.byteLength).toBe(200_000)
  })

  it('are not returned if the stream fails', async () => {
    const failing = Readable.from(
      (function* () {
        yield Buffer.from('a')
        throw new Error('the connection was lost')
      })(),
    )
    await expect(bytesOf(failing, 2)).rejects.toThrow('the connection was lost')
  })

  it('are not returned if a piece is not a buffer', async () => {
    await expect(bytesOf(Readable.from(['text']), 4)).rejects.toThrow(TypeError)
  })
})
