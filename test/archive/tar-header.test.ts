import fc from 'fast-check'
import { pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { encodeHeader } from '../../shared/archive/tar-header.ts'
import { readTarEntry } from '../../shared/archive/tar-reader.ts'

/** The bytes that tar-stream writes before an entry's content. */
const byTarStream = async (name: string, size: number): Promise<Buffer> => {
  const tar = pack()
  tar.entry({ name, size, mode: 0o644, mtime: new Date(0) })
  const pieces: Buffer[] = []
  let length = 0
  const wanted = encodeHeader(name, size).length
  for await (const piece of tar) {
    if (!Buffer.isBuffer(piece)) throw new TypeError('not bytes')
    pieces.push(piece)
    length += piece.length
    if (length >= wanted) break
  }
  return Buffer.concat(pieces)
}

const name = fc
  .array(fc.stringMatching(/^[A-Za-z0-9%._-]{1,120}$/), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
const size = fc.oneof(fc.nat(), fc.constantFrom(0, 8 ** 11 - 1, 8 ** 11, 2 ** 45 + 3))

describe('tar headers', () => {
  it('are those of tar-stream, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(name, size, async (path, bytes) => {
        expect(encodeHeader(path, bytes).equals(await byTarStream(path, bytes))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('are read back as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(name, size, async (path, bytes) => {
        let left = encodeHeader(path, bytes)
        const take = (length: number): Promise<Buffer> => {
          const taken = left.subarray(0, length)
          left = left.subarray(length)
          return Promise.resolve(taken)
        }
        expect(await readTarEntry(take, 'segment')).toEqual({ path, size: bytes, kind: 'file' })
        expect(left.length).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('are refused with any one bit of them flipped', async () => {
    const header = encodeHeader('models/city/m-0-00000.jsonl.zst', 123)
    for (let bit = 0; bit < header.length * 8; bit++) {
      const broken = Buffer.from(header)
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await expect(readTarEntry(() => Promise.resolve(broken), 'segment')).rejects.toThrow('tar header')
    }
  })
})
