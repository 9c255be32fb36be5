import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../shared/archive/byte-reader.ts'
import { EntryContent } from '../../shared/archive/entry-content.ts'
import { ArchiveTruncatedError, EntryCorruptError } from '../../shared/archive/errors.ts'

const SHA = 'a'.repeat(64)
const truncated = new ArchiveTruncatedError('it ends inside an entry')

describe('EntryContent', () => {
  const contentOf = (pieces: Iterable<Buffer> | AsyncIterable<Buffer>, size: number, sha256: string): EntryContent =>
    new EntryContent(new ByteReader(Readable.from(pieces)), 'x', size, sha256)
  const whole = Buffer.from('all of it')

  it('reads exactly the content', async () => {
    const reader = new ByteReader(Readable.from([whole, Buffer.from('more')]))
    const content = new EntryContent(reader, 'x', whole.length, hash('sha256', whole))
    expect(await buffer(content.stream)).toEqual(whole)
    await content.finish()
    expect((await reader.read(4)).toString()).toBe('more')
  })

  it('accepts content that nobody reads, and empty content', async () => {
    await expect(contentOf([whole], whole.length, hash('sha256', whole)).finish()).resolves.toBeUndefined()
    await expect(contentOf([], 0, hash('sha256', '')).finish()).resolves.toBeUndefined()
  })

  it('rejects a wrong checksum in the stream and in finish', async () => {
    const error = new EntryCorruptError('x', SHA, hash('sha256', whole))
    const content = contentOf([whole], whole.length, SHA)
    await expect(content.stream.toArray()).rejects.toThrow(error)
    await expect(content.finish()).rejects.toThrow(error)
    await expect(contentOf([whole], whole.length, SHA).finish()).rejects.toThrow(error)
  })

  it('rejects content that is truncated', async () => {
    const content = contentOf([whole], whole.length + 1, SHA)
    await expect(content.stream.toArray()).rejects.toThrow(truncated)
    await expect(content.finish()).rejects.toThrow(truncated)
    await expect(contentOf([], 1, SHA).finish()).rejects.toThrow(truncated)
  })

  it('throws an Error from finish even if the source throws another value', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(whole)
      AbortSignal.abort('gone').throwIfAborted()
    }
    const content = contentOf(broken(), 100, SHA)
    await expect(content.stream.toArray()).rejects.toBe('gone')
    await expect(content.finish()).rejects.toThrow(new Error('gone', { cause: 'gone' }))
  })
})

describe('ByteReader', () => {
  it('returns bytes in the requested amounts, and counts them', async () => {
    const reader = new ByteReader(
      Readable.from(
        ['ab', '', 'cdef', 'g'].map((text) => Buffer.from(text)),
        { objectMode: true },
      ),
    )
    const textOf = async (bytes: Promise<Buffer>): Promise<string> => (await bytes).toString()
    expect(await textOf(reader.read(0))).toBe('')
    expect(await textOf(reader.readSome(5))).toBe('ab')
    expect(await textOf(reader.readSome(1))).toBe('c')
    expect(await textOf(reader.read(1))).toBe('d')
    expect(reader.position).toBe(4)
    expect(await textOf(reader.read(3))).toBe('efg')
    expect(await textOf(reader.read(0))).toBe('')
    expect(reader.position).toBe(7)
    await expect(reader.readSome(1)).rejects.toThrow(truncated)
    await expect(reader.read(1)).rejects.toThrow(truncated)
  })

  it('destroys its stream on close', () => {
    const stream = Readable.from([Buffer.from('x')])
    new ByteReader(stream).close()
    expect(stream.destroyed).toBe(true)
  })
})
