import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { checksumOf, encodeHeader, paddedSize, paddingOf } from '../../shared/archive/tar-header.ts'
import { checkZero, isTarHeader, readTarEntry, type TarEntry } from '../../shared/archive/tar-reader.ts'
import { changed, extended, pax, record } from './tar-blocks.ts'

/** Reads one entry's headers; all of `bytes` must be taken. */
const read = async (bytes: Buffer, dialect: 'segment' | 'any' = 'any', first?: Buffer): Promise<TarEntry> => {
  let left = bytes
  const take = (length: number): Promise<Buffer> => {
    const taken = left.subarray(0, length)
    left = left.subarray(length)
    return Promise.resolve(taken)
  }
  const entry = await readTarEntry(take, dialect, first)
  expect(left.length).toBe(0)
  return entry
}
const refused = async (what: string, bytes: Buffer, dialect: 'segment' | 'any' = 'any'): Promise<void> => {
  await expect(read(bytes, dialect)).rejects.toThrow(new ArchiveInvalidError(what))
}
const plain = encodeHeader('a/b', 5)
const file = (path: string, size: number): TarEntry => ({ path, size, kind: 'file' })

describe('one header', () => {
  it('is read as it is written, also where its first block was taken before', async () => {
    expect(await read(plain)).toEqual(file('a/b', 5))
    expect(await read(Buffer.alloc(0), 'any', plain)).toEqual(file('a/b', 5))
    expect(await read(encodeHeader('a/b', 0), 'segment')).toEqual(file('a/b', 0))
  })

  it.each([
    ['a tar-stream checksum', (block: Buffer) => block, true],
    ['a POSIX checksum', (block: Buffer) => block.write('\0 ', 154, 'latin1'), true],
    ['a checksum of spaces', (block: Buffer) => block.write('  ', 154, 'latin1'), false],
    [
      'a checksum of seven digits',
      (block: Buffer) => block.write('0' + block.toString('latin1', 148, 154), 148),
      false,
    ],
    ['a checksum that is one too large', (block: Buffer) => (block[153] = block.readUInt8(153) ^ 1), false],
    ['a checksum of five digits', (block: Buffer) => block.write(' ', 148, 'latin1'), false],
    ['a flipped byte at its start', (block: Buffer) => (block[0] = block.readUInt8(0) ^ 1), false],
    ['a flipped byte before its checksum', (block: Buffer) => (block[147] = 1), false],
    ['a flipped byte behind its checksum', (block: Buffer) => (block[156] = 0x31), false],
    ['a flipped byte at its end', (block: Buffer) => (block[511] = 1), false],
  ])('with %s is %3$s', async (_, change, good) => {
    const block = Buffer.from(plain)
    change(block)
    expect(isTarHeader(block)).toBe(good)
    if (good) expect(await read(block)).toEqual(file('a/b', 5))
    else await refused('a tar header has a wrong checksum', block)
  })

  it('is that of POSIX or of GNU', async () => {
    const gnu = changed(plain, (block) => {
      block.write('ustar  \0', 257, 'latin1')
      block.write('12345670', 345, 'latin1')
    })
    // GNU keeps times where POSIX has the prefix.
    expect(await read(gnu)).toEqual(file('a/b', 5))
    for (const magic of ['ustar\x0001', 'ustar   ', 'ustar \0\0', '\0'.repeat(8)])
      await refused(
        'a tar header that is not ustar',
        changed(plain, (block) => block.write(magic, 257, 'latin1')),
      )
  })

  it('has its prefix before its name, each to its zero byte or its end', async () => {
    const named = (name: string, prefix: string): Buffer =>
      changed(encodeHeader('', 0), (block) => {
        block.write(name, 0, 'utf8')
        block.write(prefix, 345, 'utf8')
      })
    expect(await read(named('n', 'p'))).toEqual(file('p/n', 0))
    expect(await read(named('n\0x', 'p\0x'))).toEqual(file('p/n', 0))
    expect(await read(named('n'.repeat(100), 'p'.repeat(155)))).toEqual(
      file(`${'p'.repeat(155)}/${'n'.repeat(100)}`, 0),
    )
    expect(await read(named('ü', ''))).toEqual(file('ü', 0))
    await refused(
      'a name that is not UTF-8',
      changed(plain, (block) => (block[0] = 0xff)),
    )
  })

  it.each([
    ['00000000005 ', 5],
    ['00000000005\0', 5],
    ['          5 ', 5],
    ['5\0\0\0\0\0\0\0\0\0\0\0', 5],
    ['777777777777', 8 ** 12 - 1],
    ['            ', undefined],
    ['-0000000005 ', undefined],
    ['00000000008 ', undefined],
    ['5 5         ', undefined],
  ])('has the size %j: %d', async (text, size) => {
    const block = changed(plain, (own) => own.write(text, 124, 'latin1'))
    if (size === undefined) await refused('a tar header without a size', block)
    else expect(await read(block)).toEqual(file('a/b', size))
  })

  it('has a size in base 256 of at most 2^53 - 1', async () => {
    const sized = (size: bigint, above = 0): Buffer =>
      changed(plain, (block) => {
        block.writeUIntBE(0x80_00_00_00 + above, 124, 4)
        block.writeBigUInt64BE(size, 128)
      })
    expect(await read(sized(5n))).toEqual(file('a/b', 5))
    expect(await read(sized(2n ** 53n - 1n))).toEqual(file('a/b', 2 ** 53 - 1))
    expect(await read(encodeHeader('a', 2 ** 53 - 1))).toEqual(file('a', 2 ** 53 - 1))
    for (const block of [sized(2n ** 53n), sized(5n, 1), sized(5n, 0x10000)])
      await refused('a tar header with a size beyond all bounds', block)
  })

  it.each(['1', '2', '3', '4', '6', '7', 'K', 'S', 'V'])('of type %s is no file', async (type) => {
    for (const dialect of ['segment', 'any'] as const)
      await refused(`entry a/b is of type "${type}", not a file`, changed(plain, undefined, type), dialect)
  })

  it('is that of a file with a zero byte for its type', async () => {
    expect(await read(changed(plain, undefined, '\0'))).toEqual(file('a/b', 5))
  })
})

describe('directories', () => {
  it('are told by type, whatever size they give, or by name', async () => {
    expect(await read(changed(plain, undefined, '5'))).toEqual({ path: 'a/b', size: 0, kind: 'directory' })
    expect(await read(encodeHeader('a/b/', 0))).toEqual({ path: 'a/b/', size: 0, kind: 'directory' })
    expect(await read(encodeHeader('a/b/', 1))).toEqual(file('a/b/', 1))
  })

  it('do not stand in segments', async () => {
    await refused('entry a/b is of type "5", not a file', changed(plain, undefined, '5'), 'segment')
    expect(await read(encodeHeader('a/b/', 0), 'segment')).toEqual(file('a/b/', 0))
  })
})

describe('pax headers', () => {
  const all = (...headers: Buffer[]): Buffer => Buffer.concat([...headers, plain])

  it('give the path, and to a walk also the size; other keys are passed over by it', async () => {
    expect(await read(all(pax(record('path', 'ü'))), 'segment')).toEqual(file('ü', 5))
    expect(await read(all(pax(record('path', 'x'), record('size', '7'))))).toEqual(file('x', 7))
    expect(await read(all(pax(record('mtime', '1.5'))))).toEqual(file('a/b', 5))
    expect(await read(all(pax()))).toEqual(file('a/b', 5))
    expect(await read(all(pax(record('path', 'a=b c\nd'))))).toEqual(file('a=b c\nd', 5))
    expect(await read(all(pax(record('path', ''))))).toEqual(file('', 5))
    for (const key of ['size', 'mtime'])
      await refused('a pax header with more than a path before PaxHeader', all(pax(record(key, '5'))), 'segment')
    await refused(
      'a pax header with more than a path before PaxHeader',
      all(pax(record('path', 'x'), record('mtime', '5'))),
      'segment',
    )
  })

  it('add up: of a key given twice the last counts, and what a later one lacks stays', async () => {
    const twice = all(pax(record('path', 'x'), record('path', 'y'), record('size', '6')), pax(record('size', '7')))
    expect(await read(twice)).toEqual(file('y', 7))
    expect(await read(all(pax(record('size', '7')), pax(record('path', 'y'))))).toEqual(file('y', 7))
  })

  it.each(['', '-1', 'x7', '7x', '1'.repeat(16)])('do not give the size %j', async (text) => {
    await refused('a pax header with a size beyond all bounds', all(pax(record('size', text))))
  })

  it('give sizes of up to 15 digits, and that of an empty file', async () => {
    expect(await read(all(pax(record('size', '9'.repeat(15)))))).toEqual(file('a/b', 999_999_999_999_999))
    expect(await read(all(pax(record('size', '0'))))).toEqual(file('a/b', 0))
  })

  it.each([
    ['no length', 'path=x\n'],
    ['a length without a space', '9'],
    ['a length of zero', '0 path=x\n'],
    ['a length with a zero before it', '010 path=x\n'],
    ['a length of seven digits', '1000000 path=x\n'],
    ['a length that is one too large', '11 path=x\n'],
    ['a length that is one too small', '9 path=x\n\n'],
    ['a length inside its own digits', '2 path=x\n'],
    ['no equals sign', '9 path x\n'],
    ['an equals sign in the next record only', '7 path\n10 path=x\n'],
    ['no newline', '10 path=x '],
    ['bytes behind its records', '10 path=x\n\0'],
  ])('are refused with %s', async (_, text) => {
    await refused('a pax header that cannot be read', all(pax(Buffer.from(text))))
  })

  it.each([
    ['a key', [0x35, 0x20, 0xff, 0x3d, 0x0a]],
    ['a value', [0x36, 0x20, 0x61, 0x3d, 0xff, 0x0a]],
  ])('are refused with %s that is not UTF-8', async (_, bytes) => {
    await refused('a name that is not UTF-8', all(pax(Buffer.from(bytes))))
  })

  it('hold at most 64 KiB, and zeros behind that', async () => {
    const longest = 'x'.repeat(65_536 - '65536 path=\n'.length)
    expect(pax(record('path', longest)).length).toBe(512 + 65_536)
    expect(await read(all(pax(record('path', longest))))).toEqual(file(longest, 5))
    await refused('a header of 65537 bytes', all(pax(record('path', `${longest}x`))))
    const dirty = pax(record('path', 'x'))
    dirty[dirty.length - 1] = 1
    await refused('the padding of a header is not zero', all(dirty))
  })

  it('for all files are passed over by a walk, unless they give a path or a size', async () => {
    const global = (...records: Buffer[]): Buffer => all(extended('g', Buffer.concat(records)))
    expect(await read(global(record('comment', 'x')))).toEqual(file('a/b', 5))
    for (const key of ['path', 'size'])
      await refused('a global pax header with a path or size', global(record('comment', 'x'), record(key, '1')))
    await refused('entry ext is of type "g", not a file', global(record('comment', 'x')), 'segment')
  })
})

describe('long names of GNU', () => {
  it('are read by a walk, with or without a zero byte at the end', async () => {
    const named = (name: string): Buffer => Buffer.concat([extended('L', Buffer.from(name)), plain])
    expect(await read(named(`${'x'.repeat(200)}\0`))).toEqual(file('x'.repeat(200), 5))
    expect(await read(named('ü/y'))).toEqual(file('ü/y', 5))
    expect(await read(named('x\0y'))).toEqual(file('x', 5))
    await refused('entry ext is of type "L", not a file', named('x'), 'segment')
  })
})

describe('blocks', () => {
  it('are filled with zeros to 512 bytes', () => {
    expect([0, 1, 511, 512, 513, 1024].map(paddingOf)).toEqual([0, 511, 1, 0, 511, 0])
    expect([0, 1, 511, 512, 513, 1024].map(paddedSize)).toEqual([0, 512, 512, 512, 1024, 1024])
  })

  it('are summed with their own field as spaces', () => {
    expect(checksumOf(Buffer.alloc(512))).toBe(8 * 0x20)
    expect(checksumOf(Buffer.alloc(512, 1))).toBe(8 * 0x20 + 504)
  })

  it('are zero or not', () => {
    expect(() => {
      checkZero(Buffer.alloc(3), 'it')
    }).not.toThrow()
    for (const at of [0, 2])
      expect(() => {
        checkZero(Buffer.alloc(3).fill(1, at, at + 1), 'it')
      }).toThrow(new ArchiveInvalidError('it is not zero'))
  })
})
