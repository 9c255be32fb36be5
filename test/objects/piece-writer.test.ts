import { describe, expect, it } from 'vitest'
import { PieceWriter } from '../../shared/objects/piece-writer.ts'

const writeAll = async (texts: readonly string[], pieceBytes: number): Promise<string[]> => {
  const pieces: Uint8Array[] = []
  const composer = {
    bytes: (bytes: Uint8Array): Promise<void> => {
      pieces.push(bytes)
      return Promise.resolve()
    },
  }
  const writer = new PieceWriter(composer, pieceBytes)
  for (const text of texts) await writer.write(Buffer.from(text))
  await writer.end()
  return pieces.map((piece) => Buffer.from(piece).toString())
}

describe('a writer of pieces', () => {
  it.each([
    ['small bytes', ['a', 'bc', 'd', 'e'], ['abcd', 'e']],
    ['bytes that fill a piece exactly', ['ab', 'cd', 'ef'], ['abcd', 'ef']],
    ['bytes of several pieces', ['a', 'bcdefghijk', 'l'], ['abcd', 'efgh', 'ijkl', '']],
    ['no bytes', [], ['']],
  ])('joins %s to pieces of the same size, in order', async (_, texts, pieces) => {
    expect(await writeAll(texts, 4)).toEqual(pieces)
  })

  it('does not change a piece after it has passed it on', async () => {
    expect(await writeAll(['abcd', 'efgh'], 4)).toEqual(['abcd', 'efgh', ''])
  })

  it('waits for the composer only at the end of a piece', async () => {
    const writer = new PieceWriter({ bytes: () => Promise.resolve() }, 4)
    expect(writer.write(Buffer.from('abc'))).toBeUndefined()
    const full = writer.write(Buffer.from('d'))
    expect(full).toBeInstanceOf(Promise)
    await full
  })
})
