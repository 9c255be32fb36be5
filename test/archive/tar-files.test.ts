import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readTarFiles } from '../../shared/archive/tar-files.ts'
import { memorySource } from './memory.ts'
import { changed, headerBytes } from './tar-blocks.ts'
import { END, fileEntry, expectInvalid, expectTruncated, PLAIN_HEADER, readTar, tarWith } from './made-tar.ts'

describe('the files of a tar', () => {
  it('are returned with the offset, size and checksum of their content', async () => {
    const large = Buffer.alloc(300_000, 'large')
    const bytes = Buffer.concat([
      fileEntry('a'),
      fileEntry('large', large),
      fileEntry('empty', Buffer.alloc(0)),
      fileEntry('d/b'),
      END,
    ])
    expect(await readTar(bytes)).toEqual({ a: 5, large: 300_000, empty: 0, 'd/b': 5 })
    const files = await readTarFiles(memorySource(bytes))
    expect(files.get('large')).toEqual({ offset: 1536, size: 300_000, sha256: hash('sha256', large) })
    expect(await readTar(END)).toEqual({})
  })

  it('may have NUL as their type', async () => {
    expect(await readTar(tarWith(changed(PLAIN_HEADER, undefined, '\0')))).toEqual({ 'a/b': 5 })
  })

  it.each(['1', '2', '3', '4', '6', '7', 'K', 'N', 'S', 'V'])('must not have tar type %s', async (type) => {
    await expectInvalid(
      tarWith(changed(PLAIN_HEADER, undefined, type)),
      `entry a/b has tar type "${type}"; only files ("0") and directories ("5") are allowed`,
    )
  })

  it('do not include directories, which have type 5 and no content, or a name that ends in a slash', async () => {
    const directory = changed(headerBytes('d', 5), undefined, '5')
    expect(await readTar(Buffer.concat([directory, fileEntry('a'), END]))).toEqual({ a: 5 })
    expect(await readTar(Buffer.concat([headerBytes('d/', 0), fileEntry('a'), END]))).toEqual({ a: 5 })
  })

  it.each([
    ['a wrong checksum', changed(PLAIN_HEADER).fill(0, 0, 1), 'the tar header at byte 0 has a wrong checksum'],
    [
      'an unknown format',
      changed(PLAIN_HEADER, (block) => block.write('tar', 257)),
      'the tar header at byte 0 is in neither ustar nor GNU format',
    ],
    [
      'a size that is not octal',
      changed(PLAIN_HEADER, (block) => block.write('9', 124)),
      'the tar header at byte 0 has a size that is not an octal number',
    ],
    [
      'a name that is not UTF-8',
      changed(PLAIN_HEADER, (block) => (block[0] = 0xff)),
      'the tar header at byte 0 contains a name that is not UTF-8',
    ],
  ])('are rejected with %s', async (_, header, message) => {
    await expectInvalid(tarWith(header), message)
  })
})

describe('the end of a tar', () => {
  it('may be followed by more zero bytes', async () => {
    expect(await readTar(Buffer.concat([fileEntry('a'), END, Buffer.alloc(10_240)]))).toEqual({ a: 5 })
  })

  it('must not be followed by anything else', async () => {
    for (const after of [fileEntry('b'), Buffer.alloc(600).fill(1, 599)])
      await expectInvalid(
        Buffer.concat([fileEntry('a'), END, after]),
        'only zero bytes are allowed after the end of the tar',
      )
    await expectInvalid(
      Buffer.concat([fileEntry('a'), Buffer.alloc(512), fileEntry('b'), END]),
      'only zero bytes are allowed after the end of the tar',
    )
  })

  it('is not a block whose only bytes are in the checksum field', async () => {
    const block = Buffer.alloc(512)
    block.write('000400 \0', 148)
    await expectInvalid(
      Buffer.concat([fileEntry('a'), block, fileEntry('b'), END]),
      'the tar header at byte 1024 is in neither ustar nor GNU format',
    )
  })

  it('must consist of two zero blocks', async () => {
    for (const length of [512, 1023])
      await expectTruncated(
        Buffer.concat([fileEntry('a'), END.subarray(0, length)]),
        'the tar must end in 1024 zero bytes',
      )
  })

  it('must not come inside an entry', async () => {
    const bytes = fileEntry('a')
    await expectTruncated(bytes, 'it ends inside an entry')
    await expectTruncated(bytes.subarray(0, 1000), 'it ends inside an entry')
    await expectTruncated(bytes.subarray(0, 514), 'it ends inside entry a')
    await expectTruncated(bytes.subarray(0, 100), 'it ends inside an entry')
  })

  it('must not come inside padding, which is zero', async () => {
    const dirty = fileEntry('a')
    dirty[dirty.length - 1] = 1
    await expectInvalid(Buffer.concat([dirty, END]), 'the padding of entry a must be zero bytes')
  })
})

describe('the stream of a tar', () => {
  it('is destroyed when the tar is rejected', async () => {
    for (const bytes of [
      Buffer.concat([fileEntry('/a'), fileEntry('b'), END]),
      Buffer.concat([fileEntry('a'), fileEntry('b')]),
    ]) {
      const source = memorySource(bytes, 100)
      const stream = await source.stream(0, source.size)
      await expect(readTarFiles({ ...source, stream: () => Promise.resolve(stream) })).rejects.toThrow()
      expect(stream.destroyed).toBe(true)
    }
  })

  it('makes the reader fail with its error', async () => {
    const source = memorySource(Buffer.concat([fileEntry('a'), fileEntry('b'), END]), 100)
    const stream = await source.stream(0, source.size)
    const failing = readTarFiles({ ...source, stream: () => Promise.resolve(stream) })
    stream.destroy(new Error('connection lost'))
    await expect(failing).rejects.toThrow('connection lost')
  })
})
