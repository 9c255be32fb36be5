import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, ArchiveTruncatedError } from '../../shared/archive/errors.ts'
import { readTarFiles, type TarLimits } from '../../shared/archive/tar-files.ts'
import { paddingOf } from '../../shared/archive/tar-header.ts'
import { memorySource } from './memory.ts'
import { changed, extended, headerBytes, pax, record } from './tar-blocks.ts'

const END = Buffer.alloc(1024)
const CONTENT = Buffer.from('hello')
const plain = headerBytes('a/b', CONTENT.length)

const content = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(paddingOf(bytes.length))])
const entry = (path: string, bytes: Buffer = CONTENT): Buffer =>
  Buffer.concat([headerBytes(path, bytes.length), content(bytes)])
/** A tar with an entry that has the content `CONTENT`. */
const tar = (...headers: Buffer[]): Buffer => Buffer.concat([...headers, content(CONTENT), END])

/** Reads a tar in pieces of 4,093, 100 and 512 bytes, with the same result, and checks offsets and checksums. */
const read = async (bytes: Buffer, limits?: TarLimits): Promise<Record<string, number>> => {
  const results = []
  for (const slice of [4093, 100, 512]) {
    const files = await readTarFiles(memorySource(bytes, slice), limits)
    for (const { offset, size, sha256 } of files.values())
      expect(hash('sha256', bytes.subarray(offset, offset + size))).toBe(sha256)
    results.push(Object.fromEntries([...files].map(([path, { size }]) => [path, size])))
  }
  const [first = {}, ...others] = results
  for (const other of others) expect(other).toEqual(first)
  return first
}
const expectInvalid = async (bytes: Buffer, message: string): Promise<void> => {
  for (const slice of [4093, 512])
    await expect(readTarFiles(memorySource(bytes, slice))).rejects.toThrow(new ArchiveInvalidError(message))
}
const expectTruncated = async (bytes: Buffer, message: string): Promise<void> => {
  await expect(readTarFiles(memorySource(bytes))).rejects.toThrow(new ArchiveTruncatedError(message))
}

describe('the files of a tar', () => {
  it('are returned with the offset, size and checksum of their content', async () => {
    const large = Buffer.alloc(300_000, 'large')
    const bytes = Buffer.concat([entry('a'), entry('large', large), entry('empty', Buffer.alloc(0)), entry('d/b'), END])
    expect(await read(bytes)).toEqual({ a: 5, large: 300_000, empty: 0, 'd/b': 5 })
    const files = await readTarFiles(memorySource(bytes))
    expect(files.get('large')).toEqual({ offset: 1536, size: 300_000, sha256: hash('sha256', large) })
    expect(await read(END)).toEqual({})
  })

  it('may have NUL as their type', async () => {
    expect(await read(tar(changed(plain, undefined, '\0')))).toEqual({ 'a/b': 5 })
  })

  it.each(['1', '2', '3', '4', '6', '7', 'K', 'N', 'S', 'V'])('must not have tar type %s', async (type) => {
    await expectInvalid(
      tar(changed(plain, undefined, type)),
      `entry a/b has tar type "${type}"; only files ("0") and directories ("5") are allowed`,
    )
  })

  it('do not include directories, which have type 5 and no content, or a name that ends in a slash', async () => {
    const directory = changed(headerBytes('d', 5), undefined, '5')
    expect(await read(Buffer.concat([directory, entry('a'), END]))).toEqual({ a: 5 })
    expect(await read(Buffer.concat([headerBytes('d/', 0), entry('a'), END]))).toEqual({ a: 5 })
  })

  it.each([
    ['a wrong checksum', changed(plain).fill(0, 0, 1), 'the tar header at byte 0 has a wrong checksum'],
    [
      'an unknown format',
      changed(plain, (block) => block.write('tar', 257)),
      'the tar header at byte 0 is in neither ustar nor GNU format',
    ],
    [
      'a size that is not octal',
      changed(plain, (block) => block.write('9', 124)),
      'the tar header at byte 0 has a size that is not an octal number',
    ],
    [
      'a name that is not UTF-8',
      changed(plain, (block) => (block[0] = 0xff)),
      'the tar header at byte 0 contains a name that is not UTF-8',
    ],
  ])('are rejected with %s', async (_, header, message) => {
    await expectInvalid(tar(header), message)
  })
})

describe('a pax header', () => {
  it('sets path and size of the next entry, and other keys are ignored', async () => {
    const empty = headerBytes('a/b', 0)
    expect(await read(tar(pax(record('path', 'ü'), record('size', '5')), empty))).toEqual({ ü: 5 })
    expect(await read(tar(pax(record('mtime', '1.5'), record('path', 'a=b c\nd')), plain))).toEqual({ 'a=b c\nd': 5 })
    expect(await read(tar(pax(record('size', '6'), record('size', '5')), empty))).toEqual({ 'a/b': 5 })
    expect(await read(Buffer.concat([pax(record('size', '0')), plain, END]))).toEqual({ 'a/b': 0 })
  })

  it('does not apply to the entry after the next one', async () => {
    const first = Buffer.concat([pax(record('path', 'x'), record('size', '5')), headerBytes('a', 0), content(CONTENT)])
    expect(await read(Buffer.concat([first, entry('b', Buffer.alloc(0)), END]))).toEqual({ x: 5, b: 0 })
  })

  it('may be empty', async () => {
    const after = Buffer.concat([extended('g', Buffer.alloc(0)), entry('c', Buffer.alloc(700)), entry('d'), END])
    expect(await read(Buffer.concat([pax(), plain, content(CONTENT), after]))).toEqual({ 'a/b': 5, c: 700, d: 5 })
    expect(await read(Buffer.concat([extended('L', Buffer.alloc(0)), plain, content(CONTENT), after]))).toEqual({
      'a/b': 5,
      c: 700,
      d: 5,
    })
  })

  it('leaves the path of the entry unchanged if its path is empty', async () => {
    expect(await read(tar(pax(record('path', '')), plain))).toEqual({ 'a/b': 5 })
  })

  it.each(['', '-1', 'x7', '7x', '1'.repeat(16)])('must not have the size %j', async (text) => {
    await expectInvalid(
      tar(pax(record('size', text)), plain),
      'the tar header at byte 0 sets a size that is not 1 to 15 digits',
    )
  })

  it('may have a size of 15 digits', async () => {
    await expectTruncated(tar(pax(record('size', '9'.repeat(15))), plain), 'it ends inside entry a/b')
  })

  it('must be well-formed', async () => {
    await expectInvalid(
      tar(pax(Buffer.from('9 path x\n')), plain),
      'the tar header at byte 0 has a malformed pax record',
    )
    await expectInvalid(
      tar(pax(Buffer.from([0x35, 0x20, 0xff, 0x3d, 0x0a])), plain),
      'the tar header at byte 0 contains a name that is not UTF-8',
    )
  })

  it('must have at most 64 KiB and zero padding', async () => {
    const body = (length: number): Buffer => record('comment', 'x'.repeat(length - '65536 comment=\n'.length))
    expect(await read(tar(pax(body(65_536)), plain))).toEqual({ 'a/b': 5 })
    await expectInvalid(
      tar(pax(body(65_537)), plain),
      'the tar header at byte 0 has a body of 65537 bytes; at most 65536 are allowed',
    )
    const dirty = pax(record('path', 'x'))
    dirty[dirty.length - 1] = 1
    await expectInvalid(tar(dirty, plain), 'the padding of the tar header at byte 0 must be zero bytes')
  })

  it('that is global is ignored, and must not set path or size', async () => {
    const global = (...records: Buffer[]): Buffer => extended('g', Buffer.concat(records))
    expect(await read(tar(global(record('comment', 'x')), pax(record('path', 'y')), plain))).toEqual({ y: 5 })
    expect(await read(tar(pax(record('size', '5')), global(), headerBytes('a', 0)))).toEqual({ a: 5 })
    for (const key of ['path', 'size'])
      await expectInvalid(
        tar(global(record('comment', 'x'), record(key, '1')), plain),
        'the tar header at byte 0 is a global pax header, so it must not set path or size',
      )
  })

  it('must occur at most once before an entry, and must be followed by an entry', async () => {
    for (const type of ['x', 'g', 'L']) {
      const header = extended(type, type === 'L' ? Buffer.from('y') : record('comment', 'y'))
      await expectInvalid(
        tar(header, header, plain),
        `the tar header at byte 1024 is the second extension header of type "${type}" in front of one entry`,
      )
      await expectInvalid(Buffer.concat([header, END]), 'a pax header or a GNU long name is not followed by an entry')
    }
  })
})

describe('a GNU long name', () => {
  it('is the path of the next entry, up to its first NUL', async () => {
    const named = (name: string | Buffer): Buffer => tar(extended('L', Buffer.from(name)), plain)
    expect(await read(named(`${'x'.repeat(200)}\0`))).toEqual({ ['x'.repeat(200)]: 5 })
    expect(await read(named('ü/y'))).toEqual({ 'ü/y': 5 })
    expect(await read(named(Buffer.from([0x78, 0, 0xff])))).toEqual({ x: 5 })
    await expectInvalid(named(Buffer.from([0xff])), 'the tar header at byte 0 contains a name that is not UTF-8')
  })

  it('is overridden by the path of a pax header', async () => {
    expect(await read(tar(extended('L', Buffer.from('x')), pax(record('path', 'y')), plain))).toEqual({ y: 5 })
  })
})

describe('the names in a tar', () => {
  it('lose a leading ./', async () => {
    const root = changed(headerBytes('./', 0), undefined, '5')
    expect(await read(Buffer.concat([root, entry('././/a'), entry('./b'), END]))).toEqual({ a: 5, b: 5 })
  })

  const misleading = (path: string): string =>
    `entry ${JSON.stringify(path)} must have a relative path without empty parts, ".", ".." and NUL`

  it.each(['/a', 'a//b', 'a/./b', 'a/../b', '..', '../a', 'a/..', './../a', 'a/', '/'])(
    'must not be %s',
    async (name) => {
      await expectInvalid(Buffer.concat([entry(name), END]), misleading(name.replace(/^\.\//, '')))
    },
  )

  it.each([
    ['../', '..'],
    ['/', ''],
    ['/a/', '/a'],
    ['a/../b/', 'a/../b'],
    ['./..//', '..'],
  ])('must not be %s for a directory', async (name, path) => {
    const directory = changed(headerBytes(name, 0), undefined, '5')
    await expectInvalid(Buffer.concat([directory, END]), misleading(path))
  })

  it('must not contain NUL', async () => {
    await expectInvalid(tar(pax(record('path', 'a\0b')), plain), misleading('a\0b'))
  })

  it('must be different', async () => {
    await expectInvalid(Buffer.concat([entry('a'), entry('./a'), END]), 'the tar has two entries a')
  })

  it('must have at most 1,100 bytes', async () => {
    const longest = 'ü'.repeat(550)
    expect(await read(tar(pax(record('path', longest)), plain))).toEqual({ [longest]: 5 })
    const message = (bytes: number): string => `a name in the tar has ${bytes} bytes; at most 1100 are allowed`
    await expectInvalid(tar(pax(record('path', `${longest}x`)), plain), message(1101))
    const slashes = pax(record('path', `a${'/'.repeat(60_000)}b`))
    const directory = changed(headerBytes('d', 0), undefined, '5')
    await expectInvalid(Buffer.concat([slashes, directory, END]), message(60_002))
  })

  it('must not exceed the limits on what is held in memory', async () => {
    const bytes = Buffer.concat([entry('./abc'), entry('de'), END])
    expect(await read(bytes, { files: 2, nameBytes: 5 })).toEqual({ abc: 5, de: 5 })
    const rejected = async (limits: TarLimits, message: string): Promise<void> => {
      await expect(readTarFiles(memorySource(bytes), limits)).rejects.toThrow(new ArchiveInvalidError(message))
    }
    await rejected({ files: 1, nameBytes: 5 }, 'the tar has more than 1 files')
    await rejected({ files: 2, nameBytes: 4 }, 'the names in the tar have more than 4 bytes together')
  })
})

describe('the end of a tar', () => {
  it('may be followed by more zero bytes', async () => {
    expect(await read(Buffer.concat([entry('a'), END, Buffer.alloc(10_240)]))).toEqual({ a: 5 })
  })

  it('must not be followed by anything else', async () => {
    for (const after of [entry('b'), Buffer.alloc(600).fill(1, 599)])
      await expectInvalid(
        Buffer.concat([entry('a'), END, after]),
        'only zero bytes are allowed after the end of the tar',
      )
    await expectInvalid(
      Buffer.concat([entry('a'), Buffer.alloc(512), entry('b'), END]),
      'only zero bytes are allowed after the end of the tar',
    )
  })

  it('is not a block whose only bytes are in the checksum field', async () => {
    const block = Buffer.alloc(512)
    block.write('000400 \0', 148)
    await expectInvalid(
      Buffer.concat([entry('a'), block, entry('b'), END]),
      'the tar header at byte 1024 is in neither ustar nor GNU format',
    )
  })

  it('must consist of two zero blocks', async () => {
    for (const length of [512, 1023])
      await expectTruncated(Buffer.concat([entry('a'), END.subarray(0, length)]), 'the tar must end in 1024 zero bytes')
  })

  it('must not come inside an entry', async () => {
    const bytes = entry('a')
    await expectTruncated(bytes, 'it ends inside an entry')
    await expectTruncated(bytes.subarray(0, 1000), 'it ends inside an entry')
    await expectTruncated(bytes.subarray(0, 514), 'it ends inside entry a')
    await expectTruncated(bytes.subarray(0, 100), 'it ends inside an entry')
  })

  it('must not come inside padding, which is zero', async () => {
    const dirty = entry('a')
    dirty[dirty.length - 1] = 1
    await expectInvalid(Buffer.concat([dirty, END]), 'the padding of entry a must be zero bytes')
  })
})

describe('the stream of a tar', () => {
  it('is destroyed when the tar is rejected', async () => {
    for (const bytes of [Buffer.concat([entry('/a'), entry('b'), END]), Buffer.concat([entry('a'), entry('b')])]) {
      const source = memorySource(bytes, 100)
      const stream = await source.stream(0, source.size)
      await expect(readTarFiles({ ...source, stream: () => Promise.resolve(stream) })).rejects.toThrow()
      expect(stream.destroyed).toBe(true)
    }
  })

  it('makes the reader fail with its error', async () => {
    const source = memorySource(Buffer.concat([entry('a'), entry('b'), END]), 100)
    const stream = await source.stream(0, source.size)
    const failing = readTarFiles({ ...source, stream: () => Promise.resolve(stream) })
    stream.destroy(new Error('connection lost'))
    await expect(failing).rejects.toThrow('connection lost')
  })
})
