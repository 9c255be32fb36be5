import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { buffersOf } from '../../shared/values/buffers-of.ts'

const piecesOf = async (pieces: readonly unknown[]): Promise<Buffer[]> => {
  const read: Buffer[] = []
  for await (const piece of buffersOf(Readable.from(pieces))) read.push(piece)
  return read
}

describe('buffersOf', () => {
  it('returns the buffers of a stream', async () => {
    const pieces = [Buffer.from('a'), Buffer.from('b')]
    expect(await piecesOf(pieces)).toEqual(pieces)
  })

  it('throws if a piece is not a buffer', async () => {
    await expect(piecesOf([Buffer.from('a'), 'b'])).rejects.toThrow(new TypeError('the stream must consist of buffers'))
  })
})
