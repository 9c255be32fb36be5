import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { checksumOf, checkZero, isTarHeader, isZero } from '../../shared/archive/tar-reader.ts'
import { changed, extended, headerBytes, pax, readHeaders, record } from './tar-blocks.ts'

const expectInvalid = async (bytes: Buffer, message: string): Promise<void> => {
  await expect(readHeaders(bytes)).rejects.toThrow(new ArchiveInvalidError(message))
}
const plain = headerBytes('a/b', 5)
const file = (path: string, size: number) => ({ path, size })

describe('a header block', () => {
  it('contains path and size', async () => {
    expect(await readHeaders(plain)).toEqual(file('a/b', 5))
    expect(await readHeaders(headerBytes('a/b', 0))).toEqual(file('a/b', 0))
    expect(await readHeaders(headerBytes('a/b/', 0))).toEqual(file('a/b/', 0))
  })

  it.each([
    ['accepted', 'a checksum as tar-stream writes it', (block: Buffer) => block],
    ['accepted', 'a checksum as POSIX defines it', (block: Buffer) => block.write('\0 ', 154, 'latin1')],
    ['rejected', 'a checksum that ends in two spaces', (block: Buffer) => block.write('  ', 154, 'latin1')],
    [
      'rejected',
      'a checksum of seven digits',
      (block: Buffer) => block.write('0' + block.toString('latin1', 148, 154), 148),
    ],
    ['rejected', 'a checksum of five digits', (block: Buffer) => block.write(' ', 148, 'latin1')],
    ['rejected', 'a checksum that is too large by one', (block: Buffer) => (block[153] = block.readUInt8(153) ^ 1)],
    ['rejected', 'a flipped bit in its first byte', (block: Buffer) => (block[0] = block.readUInt8(0) ^ 1)],
    ['rejected', 'a flipped bit before the checksum', (block: Buffer) => (block[147] = 1)],
    ['rejected', 'a flipped bit after the checksum', (block: Buffer) => (block[156] = 0x31)],
    ['rejected', 'a flipped bit in its last byte', (block: Buffer) => (block[511] = 1)],
  ])('is %s with %s', async (outcome, _, change) => {
    const block = Buffer.from(plain)
    change(block)
    expect(isTarHeader(block)).toBe(outcome === 'accepted')
    if (outcome === 'accepted') expect(await readHeaders(block)).toEqual(file('a/b', 5))
    else await expectInvalid(block, 'the header has a wrong checksum')
  })

  it('is in ustar or GNU format', async () => {
    // GNU stores times where ustar has the prefix.
    const gnu = changed(plain, (block) => {
      block.write('ustar  \0', 257, 'latin1')
      block.write('12345670', 345, 'latin1')
    })
    expect(await readHeaders(gnu)).toEqual(file('a/b', 5))
    for (const magic of ['ustar\x0001', 'ustar   ', 'ustar \0\0', '\0'.repeat(8)])
      await expectInvalid(
        changed(plain, (block) => block.write(magic, 257, 'latin1')),
        'the header is in neither ustar nor GNU format',
      )
  })

  it('contains prefix and name, each up to its first NUL or the end of the field', async () => {
    const named = (name: string, prefix: string): Buffer =>
      changed(headerBytes('', 0), (block) => {
        block.write(name, 0, 'utf8')
        block.write(prefix, 345, 'utf8')
      })
    expect(await readHeaders(named('n', 'p'))).toEqual(file('p/n', 0))
    expect(await readHeaders(named('n\0x', 'p\0x'))).toEqual(file('p/n', 0))
    expect(await readHeaders(named('n'.repeat(100), 'p'.repeat(155)))).toEqual(
      file(`${'p'.repeat(155)}/${'n'.repeat(100)}`, 0),
    )
    expect(await readHeaders(named('ü', ''))).toEqual(file('ü', 0))
    await expectInvalid(
      changed(plain, (block) => (block[0] = 0xff)),
      'the header contains a name that is not UTF-8',
    )
  })

  it.each([
    ['00000000005 ', 5],
    ['00000000005\0', 5],
    ['          5 ', 5],
    ['5\0\0\0\0\0\0\0\0\0\0\0', 5],
    ['777777777777', 8 ** 12 - 1],
  ])('contains the size %j, which means %d', async (text, size) => {
    expect(await readHeaders(changed(plain, (block) => block.write(text, 124, 'latin1')))).toEqual(file('a/b', size))
  })

  it.each(['            ', '-0000000005 ', '00000000008 ', '5 5         '])(
    'is rejected with the size %j',
    async (text) => {
      await expectInvalid(
        changed(plain, (block) => block.write(text, 124, 'latin1')),
        'the header has a size that is not an octal number',
      )
    },
  )

  it('contains a binary size of at most 2^53 - 1', async () => {
    const sized = (size: bigint, above = 0): Buffer =>
      changed(plain, (block) => {
        block.writeUIntBE(0x80_00_00_00 + above, 124, 4)
        block.writeBigUInt64BE(size, 128)
      })
    expect(await readHeaders(sized(5n))).toEqual(file('a/b', 5))
    expect(await readHeaders(sized(2n ** 53n - 1n))).toEqual(file('a/b', 2 ** 53 - 1))
    expect(await readHeaders(headerBytes('a', 2 ** 53 - 1))).toEqual(file('a', 2 ** 53 - 1))
    for (const block of [sized(2n ** 53n), sized(5n, 1), sized(5n, 0x10000)])
      await expectInvalid(block, 'the header has a size over 2^53 - 1 bytes')
  })
})

describe('the headers of a segment', () => {
  it.each(['1', '2', '3', '4', '5', '6', '7', 'K', 'L', 'S', 'V', 'g'])('reject tar type %s', async (type) => {
    await expectInvalid(
      changed(plain, undefined, type),
      `the header has type "${type}"; only files ("0") are allowed in a segment`,
    )
  })

  it('accept NUL as the type of a file', async () => {
    expect(await readHeaders(changed(plain, undefined, '\0'))).toEqual(file('a/b', 5))
  })

  const after = (...headers: Buffer[]): Buffer => Buffer.concat([...headers, plain])

  it('may contain the path in one pax header', async () => {
    expect(await readHeaders(after(pax(record('path', 'ü'))))).toEqual(file('ü', 5))
    expect(await readHeaders(after(pax(record('path', 'a=b c\nd'))))).toEqual(file('a=b c\nd', 5))
    expect(await readHeaders(after(pax(record('path', ''))))).toEqual(file('', 5))
    expect(await readHeaders(after(pax(record('path', 'x'), record('path', 'y'))))).toEqual(file('y', 5))
    expect(await readHeaders(after(pax()))).toEqual(file('a/b', 5))
  })

  it('reject a pax header with another key than path', async () => {
    const message = 'the header has a pax header that contains more than a path'
    for (const key of ['size', 'mtime']) await expectInvalid(after(pax(record(key, '5'))), message)
    await expectInvalid(after(pax(record('path', 'x'), record('mtime', '5'))), message)
  })

  it('reject a second pax header', async () => {
    await expectInvalid(
      after(pax(record('path', 'x')), pax(record('path', 'y'))),
      'the header has type "x"; only files ("0") are allowed in a segment',
    )
  })

  it.each([
    ['no length', 'path=x\n'],
    ['a length without a space', '9'],
    ['a length of zero', '0 path=x\n'],
    ['a length with a leading zero', '010 path=x\n'],
    ['a length of seven digits', '1000000 path=x\n'],
    ['a length that is too large by one', '11 path=x\n'],
    ['a length that is too small by one', '9 path=x\n\n'],
    ['a length that ends inside its own digits', '2 path=x\n'],
    ['no equals sign', '9 path x\n'],
    ['an equals sign only in the next record', '7 path\n10 path=x\n'],
    ['no newline', '10 path=x '],
    ['bytes after its records', '10 path=x\n\0'],
  ])('reject a pax header with %s', async (_, text) => {
    await expectInvalid(after(pax(Buffer.from(text))), 'the header has a malformed pax record')
  })

  it.each([
    ['key', [0x35, 0x20, 0xff, 0x3d, 0x0a]],
    ['value', [0x36, 0x20, 0x61, 0x3d, 0xff, 0x0a]],
  ])('reject a pax header with a %s that is not UTF-8', async (_, bytes) => {
    await expectInvalid(after(pax(Buffer.from(bytes))), 'the header contains a name that is not UTF-8')
  })

  it('reject a pax header over 64 KiB, and one whose padding is not zero', async () => {
    const longest = 'x'.repeat(65_536 - '65536 path=\n'.length)
    expect(pax(record('path', longest)).length).toBe(512 + 65_536)
    expect(await readHeaders(after(pax(record('path', longest))))).toEqual(file(longest, 5))
    await expectInvalid(
      after(pax(record('path', `${longest}x`))),
      'the header has a body of 65537 bytes; at most 65536 are allowed',
    )
    const dirty = pax(record('path', 'x'))
    dirty[dirty.length - 1] = 1
    await expectInvalid(after(dirty), 'the padding of the header must be zero bytes')
  })

  it('reject a GNU long name', async () => {
    await expectInvalid(
      after(extended('L', Buffer.from('x'))),
      'the header has type "L"; only files ("0") are allowed in a segment',
    )
  })
})

describe('blocks', () => {
  it('are summed with spaces in place of the checksum', () => {
    expect(checksumOf(Buffer.alloc(512))).toBe(8 * 0x20)
    expect(checksumOf(Buffer.alloc(512, 1))).toBe(8 * 0x20 + 504)
  })

  it('are zero only if every byte is zero', () => {
    expect(isZero(Buffer.alloc(3))).toBe(true)
    expect(() => {
      checkZero(Buffer.alloc(3), 'the padding', 0)
    }).not.toThrow()
    for (const at of [0, 2]) {
      const bytes = Buffer.alloc(3).fill(1, at, at + 1)
      expect(isZero(bytes)).toBe(false)
      expect(() => {
        checkZero(bytes, 'the padding', 0)
      }).toThrow(new ArchiveInvalidError('the padding must be zero bytes'))
    }
  })
})
