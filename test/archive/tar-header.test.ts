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

  const [n100, n101, p155, p156] = ['n'.repeat(100), 'n'.repeat(101), 'p'.repeat(155), 'p'.repeat(156)]
  it.each([
    ['a name of 100 bytes', n100, 512],
    ['a name of 101 bytes', n101, 1536],
    ['folders before a name of 100 bytes', `a/${n100}`, 512],
    ['folders before a name of 101 bytes', `a/${n101}`, 1536],
    ['a prefix of 155 bytes', `${p155}/${n100}`, 512],
    ['a prefix of 156 bytes', `${p156}/${n100}`, 1536],
    ['a name beyond ASCII', 'ü', 1536],
    ['a pax record of 99 bytes', `${'n'.repeat(88)}ü`, 1536],
    ['a pax record of 101 bytes', `${'n'.repeat(89)}ü`, 1536],
    ['a pax record of 102 bytes', `${'n'.repeat(90)}ü`, 1536],
    ['a pax record of a block', 'n'.repeat(512 - '512 path=\n'.length), 1536],
    ['a pax record of over a block', 'n'.repeat(513 - '513 path=\n'.length), 2048],
    ['a pax record of 1,001 bytes', 'n'.repeat(1001 - '1001 path=\n'.length), 2048],
  ])('take as few blocks as they can: %s', async (_, path, length) => {
    const header = encodeHeader(path, 7)
    expect(header.length).toBe(length)
    expect(header).toEqual(await byTarStream(path, 7))
  })

  it('move as few folders to the prefix as it takes', () => {
    const header = encodeHeader(`a/b/${'c'.repeat(96)}/d`, 0)
    expect(header.toString('latin1', 0, 100)).toBe(`b/${'c'.repeat(96)}/d`)
    expect(header.toString('latin1', 345, 348)).toBe('a\0\0')
  })

  it('give sizes in octal digits to 8 GiB, and from there on as a number', () => {
    expect(encodeHeader('a', 8 ** 11 - 1).toString('latin1', 124, 136)).toBe('77777777777 ')
    expect(encodeHeader('a', 8 ** 11).toString('hex', 124, 136)).toBe('800000000000000200000000')
  })
})
