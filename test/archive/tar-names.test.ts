import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { readTarFiles, type TarLimits } from '../../shared/archive/tar-files.ts'
import { memorySource } from './memory.ts'
import { changed, extended, headerBytes, pax, record } from './tar-blocks.ts'
import {
  CONTENT,
  END,
  padded,
  fileEntry,
  expectInvalid,
  expectTruncated,
  PLAIN_HEADER,
  readTar,
  tarWith,
} from './made-tar.ts'

describe('an unusual path in a tar header', () => {
  it('is quoted and escaped in messages', async () => {
    await expectTruncated(headerBytes('x\u001b[2J', 5_000), 'it ends inside entry "x\\u001b[2J"')
  })
})

describe('a pax header', () => {
  it('sets path and size of the next entry, and other keys are ignored', async () => {
    const empty = headerBytes('a/b', 0)
    expect(await readTar(tarWith(pax(record('path', 'ü'), record('size', '5')), empty))).toEqual({ ü: 5 })
    expect(await readTar(tarWith(pax(record('mtime', '1.5'), record('path', 'a=b c\nd')), PLAIN_HEADER))).toEqual({
      'a=b c\nd': 5,
    })
    expect(await readTar(tarWith(pax(record('size', '6'), record('size', '5')), empty))).toEqual({ 'a/b': 5 })
    expect(await readTar(Buffer.concat([pax(record('size', '0')), PLAIN_HEADER, END]))).toEqual({ 'a/b': 0 })
  })

  it('does not apply to the entry after the next one', async () => {
    const first = Buffer.concat([pax(record('path', 'x'), record('size', '5')), headerBytes('a', 0), padded(CONTENT)])
    expect(await readTar(Buffer.concat([first, fileEntry('b', Buffer.alloc(0)), END]))).toEqual({ x: 5, b: 0 })
  })

  it('may be empty', async () => {
    const after = Buffer.concat([
      extended('g', Buffer.alloc(0)),
      fileEntry('c', Buffer.alloc(700)),
      fileEntry('d'),
      END,
    ])
    expect(await readTar(Buffer.concat([pax(), PLAIN_HEADER, padded(CONTENT), after]))).toEqual({
      'a/b': 5,
      c: 700,
      d: 5,
    })
    expect(
      await readTar(Buffer.concat([extended('L', Buffer.alloc(0)), PLAIN_HEADER, padded(CONTENT), after])),
    ).toEqual({
      'a/b': 5,
      c: 700,
      d: 5,
    })
  })

  it('leaves the path of the entry unchanged if its path is empty', async () => {
    expect(await readTar(tarWith(pax(record('path', '')), PLAIN_HEADER))).toEqual({ 'a/b': 5 })
  })

  it.each(['', '-1', 'x7', '7x', '1'.repeat(16)])('must not have the size %j', async (text) => {
    await expectInvalid(
      tarWith(pax(record('size', text)), PLAIN_HEADER),
      'the tar header at byte 0 sets a size that is not 1 to 15 digits',
    )
  })

  it('may have a size of 15 digits', async () => {
    await expectTruncated(tarWith(pax(record('size', '9'.repeat(15))), PLAIN_HEADER), 'it ends inside entry a/b')
  })

  it('must be well-formed', async () => {
    await expectInvalid(
      tarWith(pax(Buffer.from('9 path x\n')), PLAIN_HEADER),
      'the tar header at byte 0 has a malformed pax record',
    )
    await expectInvalid(
      tarWith(pax(Buffer.from([0x35, 0x20, 0xff, 0x3d, 0x0a])), PLAIN_HEADER),
      'the tar header at byte 0 contains a name that is not UTF-8',
    )
  })

  it('must have at most 64 KiB and zero padding', async () => {
    const body = (length: number): Buffer => record('comment', 'x'.repeat(length - '65536 comment=\n'.length))
    expect(await readTar(tarWith(pax(body(65_536)), PLAIN_HEADER))).toEqual({ 'a/b': 5 })
    await expectInvalid(
      tarWith(pax(body(65_537)), PLAIN_HEADER),
      'the tar header at byte 0 has a body of 65537 bytes; at most 65536 are allowed',
    )
    const dirty = pax(record('path', 'x'))
    dirty[dirty.length - 1] = 1
    await expectInvalid(tarWith(dirty, PLAIN_HEADER), 'the padding of the tar header at byte 0 must be zero bytes')
  })

  it('that is global is ignored, and must not set path or size', async () => {
    const global = (...records: Buffer[]): Buffer => extended('g', Buffer.concat(records))
    expect(await readTar(tarWith(global(record('comment', 'x')), pax(record('path', 'y')), PLAIN_HEADER))).toEqual({
      y: 5,
    })
    expect(await readTar(tarWith(pax(record('size', '5')), global(), headerBytes('a', 0)))).toEqual({ a: 5 })
    for (const key of ['path', 'size'])
      await expectInvalid(
        tarWith(global(record('comment', 'x'), record(key, '1')), PLAIN_HEADER),
        'the tar header at byte 0 is a global pax header, so it must not set path or size',
      )
  })

  it('must occur at most once before an entry, and must be followed by an entry', async () => {
    for (const type of ['x', 'g', 'L']) {
      const header = extended(type, type === 'L' ? Buffer.from('y') : record('comment', 'y'))
      await expectInvalid(
        tarWith(header, header, PLAIN_HEADER),
        `the tar header at byte 1024 is the second extension header of type "${type}" in front of one entry`,
      )
      await expectInvalid(Buffer.concat([header, END]), 'a pax header or a GNU long name is not followed by an entry')
    }
  })
})

describe('a GNU long name', () => {
  it('is the path of the next entry, up to its first NUL', async () => {
    const named = (name: string | Buffer): Buffer => tarWith(extended('L', Buffer.from(name)), PLAIN_HEADER)
    expect(await readTar(named(`${'x'.repeat(200)}\0`))).toEqual({ ['x'.repeat(200)]: 5 })
    expect(await readTar(named('ü/y'))).toEqual({ 'ü/y': 5 })
    expect(await readTar(named(Buffer.from([0x78, 0, 0xff])))).toEqual({ x: 5 })
    await expectInvalid(named(Buffer.from([0xff])), 'the tar header at byte 0 contains a name that is not UTF-8')
  })

  it('is overridden by the path of a pax header', async () => {
    expect(await readTar(tarWith(extended('L', Buffer.from('x')), pax(record('path', 'y')), PLAIN_HEADER))).toEqual({
      y: 5,
    })
  })
})

describe('the names in a tar', () => {
  it('lose a leading ./', async () => {
    const root = changed(headerBytes('./', 0), undefined, '5')
    expect(await readTar(Buffer.concat([root, fileEntry('././/a'), fileEntry('./b'), END]))).toEqual({ a: 5, b: 5 })
  })

  const misleading = (path: string): string =>
    `entry ${JSON.stringify(path)} must have a relative path without empty parts, ".", ".." and NUL`

  it.each(['/a', 'a//b', 'a/./b', 'a/../b', '..', '../a', 'a/..', './../a', 'a/', '/'])(
    'must not be %s',
    async (name) => {
      await expectInvalid(Buffer.concat([fileEntry(name), END]), misleading(name.replace(/^\.\//, '')))
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
    await expectInvalid(tarWith(pax(record('path', 'a\0b')), PLAIN_HEADER), misleading('a\0b'))
  })

  it('must be different', async () => {
    await expectInvalid(Buffer.concat([fileEntry('a'), fileEntry('./a'), END]), 'the tar has two entries a')
  })

  it('must have at most 1,100 bytes', async () => {
    const longest = 'ü'.repeat(550)
    expect(await readTar(tarWith(pax(record('path', longest)), PLAIN_HEADER))).toEqual({ [longest]: 5 })
    const message = (bytes: number): string => `a name in the tar has ${bytes} bytes; at most 1100 are allowed`
    await expectInvalid(tarWith(pax(record('path', `${longest}x`)), PLAIN_HEADER), message(1101))
    const slashes = pax(record('path', `a${'/'.repeat(60_000)}b`))
    const directory = changed(headerBytes('d', 0), undefined, '5')
    await expectInvalid(Buffer.concat([slashes, directory, END]), message(60_002))
  })

  it('must not exceed the limits on what is held in memory', async () => {
    const bytes = Buffer.concat([fileEntry('./abc'), fileEntry('de'), END])
    expect(await readTar(bytes, { files: 2, nameBytes: 5 })).toEqual({ abc: 5, de: 5 })
    const rejected = async (limits: TarLimits, message: string): Promise<void> => {
      await expect(readTarFiles(memorySource(bytes), limits)).rejects.toThrow(new ArchiveInvalidError(message))
    }
    await rejected({ files: 1, nameBytes: 5 }, 'the tar has more than 1 files')
    await rejected({ files: 2, nameBytes: 4 }, 'the names in the tar have more than 4 bytes together')
  })
})
