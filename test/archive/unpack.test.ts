import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { unpack, unpackZstd } from '../../shared/archive/unpack.ts'
import { packZstd } from '../../shared/archive/zstd.ts'

const text = Buffer.from('what is packed, what is packed, what is packed')
const refused = (what: string): ArchiveInvalidError => new ArchiveInvalidError(what)

/** A gzip member with every optional field of its header that `flags` ask for (RFC 1952, 2.3.1). */
const member = (flags: number, content = text): Buffer => {
  const field = (flag: number, bytes: readonly number[]): Buffer => Buffer.from((flags & flag) === 0 ? [] : bytes)
  const end = Buffer.alloc(8)
  end.writeUInt32LE(crc32(content))
  end.writeUInt32LE(content.length, 4)
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]),
    field(4, [3, 0, 0, 7, 0]),
    field(8, [0x61, 0]),
    field(16, [0x62, 0x63, 0]),
    field(2, [1, 2]),
    deflateRawSync(content),
    end,
  ])
}

describe('what is not packed', () => {
  it('is of the size that is said of it', async () => {
    expect(await unpack('a.jsonl', text, text.length)).toBe(text)
    for (const size of [text.length - 1, text.length + 1])
      await expect(unpack('a.jsonl', text, size)).rejects.toThrow(refused('a.jsonl: its unpacked_size is not its size'))
  })
})

describe.each([
  ['zst', (bytes: Buffer) => zstdCompressSync(bytes)],
  ['gz', (bytes: Buffer) => gzipSync(bytes)],
])('what is packed as %s', (ending, pack) => {
  const path = `a.jsonl.${ending}`

  it('is unpacked, also where it is nothing or many pieces', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('x'), text, Buffer.alloc(2_500_000, 'ab\n')])
      expect((await unpack(path, pack(bytes), bytes.length)).equals(bytes)).toBe(true)
  })

  it('is of the size that is said of it', async () => {
    const { length } = text
    await expect(unpack(path, pack(text), length - 1)).rejects.toThrow(
      refused(`${path} unpacks to more than its ${length - 1} bytes`),
    )
    await expect(unpack(path, pack(text), length + 1)).rejects.toThrow(
      refused(`${path} unpacks to ${length} bytes, not to ${length + 1}`),
    )
  })

  it('is refused where it is cut, or where anything follows it', async () => {
    const packed = pack(text)
    await expect(unpack(path, packed.subarray(0, -9), text.length)).rejects.toThrow(ArchiveInvalidError)
    for (const more of [Buffer.alloc(1), Buffer.alloc(9), packed])
      await expect(unpack(path, Buffer.concat([packed, more]), text.length)).rejects.toThrow(
        refused(`${path} holds more than one frame, or bytes after it`),
      )
  })

  it('is refused where its bytes are none of that packing', async () => {
    await expect(unpack(path, Buffer.alloc(40, 'x'), 40)).rejects.toThrow(`the archive is invalid: ${path}`)
    await expect(unpack(path, Buffer.alloc(0), 0)).rejects.toThrow(`the archive is invalid: ${path}`)
  })
})

describe('a zstd frame', () => {
  it('is written as one, and tells why it cannot be read', async () => {
    expect(await unpackZstd('x', await packZstd(text), text.length)).toEqual(text)
    await expect(unpackZstd('x', Buffer.from('no frame at all'), 5)).rejects.toThrow(
      refused('x cannot be unpacked: Unknown frame descriptor'),
    )
  })
})

describe('a gzip member', () => {
  it('is read with any of the fields that its header may have', async () => {
    for (let flags = 0; flags <= 0x1f; flags++) expect(await unpack('a.gz', member(flags), text.length)).toEqual(text)
  })

  it.each<[string, Buffer]>([
    ['of 17 bytes', member(0, Buffer.alloc(0)).subarray(0, 17)],
    ['with another magic', Buffer.concat([Buffer.from([0x1f, 0x8c]), member(0).subarray(2)])],
    ['of another method', Buffer.concat([Buffer.from([0x1f, 0x8b, 7]), member(0).subarray(3)])],
    ['with a flag that is not known', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0x20]), member(0).subarray(4)])],
    ['whose name has no end', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 1, 1, 1, 1, 1, 1]), Buffer.alloc(20, 1)])],
    [
      'whose field goes beyond its end',
      Buffer.concat([member(4).subarray(0, 10), Buffer.from([13, 0]), Buffer.alloc(20)]),
    ],
  ])('is refused %s', async (_, packed) => {
    await expect(unpack('a.gz', packed, text.length)).rejects.toThrow(refused('a.gz: not a gzip member'))
  })

  it('is refused where its checksum or its length is wrong', async () => {
    for (const from of [8, 4]) {
      const wrong = member(0)
      wrong.writeUInt32LE(7, wrong.length - from)
      await expect(unpack('a.gz', wrong, text.length)).rejects.toThrow(
        refused('a.gz: the checksum of its gzip member is wrong'),
      )
    }
  })

  it('tells why its data cannot be read', async () => {
    const broken = member(0)
    broken.fill(0xff, 10, 20)
    await expect(unpack('a.gz', broken, text.length)).rejects.toThrow(
      /^the archive is invalid: a\.gz cannot be unpacked: [a-z]/,
    )
  })
})
