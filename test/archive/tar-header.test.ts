import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { encodeTarHeader, paddedSize, paddingOf } from '../../shared/archive/tar-header.ts'
import { readSegmentHeader } from '../../shared/archive/tar-reader.ts'
import { headerBytes, readHeaders } from './tar-blocks.ts'

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/acbak/${name}`, import.meta.url))
const GOLDEN = z
  .array(z.object({ path: z.string(), size: z.number(), length: z.number(), sha256: z.string() }))
  .parse(JSON.parse(fixture('headers.json').toString()))

const path = fc
  .array(fc.stringMatching(/^[A-Za-z0-9%._-]{1,120}$/), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
const size = fc.oneof(fc.nat(), fc.constantFrom(0, 8 ** 11 - 1, 8 ** 11, 2 ** 45 + 3))

describe('encodeTarHeader', () => {
  it.each(GOLDEN)('writes the same bytes as earlier versions for $path with $size bytes', async (golden) => {
    const header = await encodeTarHeader(golden.path, golden.size)
    expect({ length: header.length, sha256: hash('sha256', header) }).toEqual({
      length: golden.length,
      sha256: golden.sha256,
    })
  })

  it('writes the fields that FORMAT.md defines', async () => {
    await fc.assert(
      fc.asyncProperty(path, size, async (name, bytes) => {
        expect((await encodeTarHeader(name, bytes)).equals(headerBytes(name, bytes))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('writes the headers of an archive that an independent implementation wrote', async () => {
    const archive = fixture('single-v3.acbak')
    let entries = 0
    for (let at = 0; archive[at] !== 0;) {
      const name = archive.toString('latin1', at, at + 100).replace(/\0+$/, '')
      const bytes = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8)
      expect(await encodeTarHeader(name, bytes)).toEqual(archive.subarray(at, at + 512))
      at += 512 + paddedSize(bytes)
      entries += 1
    }
    expect(entries).toBeGreaterThan(5)
  })

  it('writes headers that a segment reader reads back', async () => {
    await fc.assert(
      fc.asyncProperty(path, size, async (name, bytes) => {
        expect(await readHeaders(await encodeTarHeader(name, bytes))).toEqual({ path: name, size: bytes })
      }),
      { numRuns: 300 },
    )
  })

  it('writes headers in which every flipped bit is detected', async () => {
    const header = await encodeTarHeader('models/city/m-0-00000.jsonl.zst', 123)
    for (let bit = 0; bit < header.length * 8; bit++) {
      const broken = Buffer.from(header)
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await expect(readSegmentHeader(() => Promise.resolve(broken), 'the header', 0)).rejects.toThrow('the header')
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
    ['a name that is not ASCII', 'ü', 1536],
    ['a pax record of 99 bytes', `${'n'.repeat(88)}ü`, 1536],
    ['a pax record of 101 bytes', `${'n'.repeat(89)}ü`, 1536],
    ['a pax record of 102 bytes', `${'n'.repeat(90)}ü`, 1536],
    ['a pax record of one block', 'n'.repeat(512 - '512 path=\n'.length), 1536],
    ['a pax record of more than one block', 'n'.repeat(513 - '513 path=\n'.length), 2048],
    ['a pax record of 1,001 bytes', 'n'.repeat(1001 - '1001 path=\n'.length), 2048],
  ])('uses as few blocks as possible for %s', async (_, name, length) => {
    const header = await encodeTarHeader(name, 7)
    expect(header.length).toBe(length)
    expect(header).toEqual(headerBytes(name, 7))
  })

  it('moves as few folders to the prefix as possible', async () => {
    const header = await encodeTarHeader(`a/b/${'c'.repeat(96)}/d`, 0)
    expect(header.toString('latin1', 0, 100)).toBe(`b/${'c'.repeat(96)}/d`)
    expect(header.toString('latin1', 345, 348)).toBe('a\0\0')
  })

  it('writes sizes below 8 GiB as octal digits, and larger sizes as a binary number', async () => {
    expect((await encodeTarHeader('a', 8 ** 11 - 1)).toString('latin1', 124, 136)).toBe('77777777777 ')
    expect((await encodeTarHeader('a', 8 ** 11)).toString('hex', 124, 136)).toBe('800000000000000200000000')
  })
})

describe('padding', () => {
  it('fills the last block of 512 bytes', () => {
    expect([0, 1, 511, 512, 513, 1024].map(paddingOf)).toEqual([0, 511, 1, 0, 511, 0])
    expect([0, 1, 511, 512, 513, 1024].map(paddedSize)).toEqual([0, 512, 512, 512, 1024, 1024])
  })
})
