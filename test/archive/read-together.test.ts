import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { ArchiveSource, OpenArchive } from '../../shared/archive/archive.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { readTogether } from '../../shared/archive/read-together.ts'
import { readEntries, readIndex } from '../../shared/archive/segment-reader.ts'
import { must } from '../../shared/values/must.ts'
import { memorySource } from './memory.ts'
import { itemsOf } from './sample.ts'
import { segmentedArchive } from './segmented-archive.ts'

const resources = Array.from({ length: 60 }, (_, k) => {
  const { metadata, revisions } = itemsOf('city', { id: `r${k}`, revisions: [{ n: 1, data: `{"k":${k}}` }] })
  return [metadata, ...revisions]
})
const large = (name: string): Buffer => Buffer.alloc(300 * 1024, name)

/** Counts the requests to a source. A request fails if `fails` returns true. */
class CountedSource implements ArchiveSource {
  readonly requests: { readonly start: number; readonly length: number }[] = []
  readonly size: number
  readonly #source: ArchiveSource
  fails = (): boolean => false

  constructor(bytes: Buffer) {
    this.#source = memorySource(bytes)
    this.size = bytes.length
  }

  read(start: number, length: number): Promise<Buffer> {
    return this.#request(start, length) ?? this.#source.read(start, length)
  }

  stream(start: number, length: number): ReturnType<ArchiveSource['stream']> {
    return this.#request(start, length) ?? this.#source.stream(start, length)
  }

  #request(start: number, length: number): Promise<never> | undefined {
    this.requests.push({ start, length })
    return this.fails() ? Promise.reject(new Error('the request failed')) : undefined
  }
}

const open = async (blobs: Readonly<Record<string, Buffer>> = {}): Promise<[OpenArchive, CountedSource]> => {
  const bytes = await segmentedArchive({
    models: { city: resources },
    segments: 60,
    blobs: new Map(Object.entries(blobs)),
    blobSegments: 10,
  })
  const source = new CountedSource(bytes)
  const archive = await openArchive(source)
  source.requests.length = 0
  return [archive, source]
}

/** Returns the contents of all entries of the segments. */
const contentsOf = async (archive: OpenArchive, segments: readonly number[]): Promise<Buffer[]> => {
  const contents: Buffer[] = []
  for (const k of segments) {
    const segment = must(archive.segments[k])
    for await (const { content } of readEntries(archive, segment, await readIndex(archive, segment)))
      contents.push(await buffer(content))
  }
  return contents
}
const indexes = (archive: OpenArchive): number[] => archive.segments.map((_, k) => k)

describe('an archive whose segments are read together', () => {
  it('has the same contents, and is read with one request if it is small', async () => {
    const [archive, source] = await open({ a: Buffer.from('a'), b: Buffer.from('b') })
    const all = indexes(archive)
    expect(all.length).toBeGreaterThan(50)
    const expected = await contentsOf(archive, all)
    expect(source.requests).toHaveLength(2 * all.length)
    source.requests.length = 0
    expect(await contentsOf(readTogether(archive, all), all)).toEqual(expected)
    expect(source.requests).toHaveLength(1)
  })

  it('is read in parts of at most 4 MiB, and its large segments are read separately', async () => {
    const names = Array.from({ length: 40 }, (_, k) => `blob-${k}`)
    const medium = Object.fromEntries(names.map((name) => [name, Buffer.alloc(200 * 1024, name)]))
    const bytes = await segmentedArchive({
      models: { city: resources },
      segments: 60,
      blobs: new Map(Object.entries({ ...medium, large: large('large') })),
      blobSegments: 41,
    })
    const source = new CountedSource(bytes)
    const archive = await openArchive(source)
    const all = indexes(archive)
    const expected = await contentsOf(archive, all)
    source.requests.length = 0
    expect(await contentsOf(readTogether(archive, all), all)).toEqual(expected)
    for (const { length } of source.requests) expect(length).toBeLessThanOrEqual(4 * 1024 * 1024)
    // 8 MB of small segments before and after the large segment, which needs two requests.
    expect(source.requests.length).toBeLessThanOrEqual(3 + 2 + 1)
  })

  it('is not read between the given segments', async () => {
    const [archive, source] = await open()
    const selected = [1, 2, 20, 40, 41, 42]
    const expected = await contentsOf(archive, selected)
    source.requests.length = 0
    expect(await contentsOf(readTogether(archive, selected), selected)).toEqual(expected)
    const size = (k: number): number => must(archive.segments[k]).size
    expect(source.requests.map(({ length }) => length)).toEqual([
      size(1) + size(2),
      size(20),
      size(40) + size(41) + size(42),
    ])
  })

  it('is the same archive if it was repacked, because the entries of a segment need not be adjacent then', async () => {
    const [archive] = await open()
    const walked = { ...archive, walked: true }
    expect(readTogether(walked, [0, 1])).toBe(walked)
  })

  it('is read without the other segments if only parts of it are read', async () => {
    const [archive, source] = await open()
    const together = readTogether(archive, [3])
    const { offset, size } = must(archive.segments[3])
    const bytes = await archive.source.read(offset, size + 512)
    expect(together.source.size).toBe(archive.source.size)
    source.requests.length = 0
    expect(await together.source.read(offset, 512)).toEqual(bytes.subarray(0, 512))
    expect(await buffer(await together.source.stream(offset + 512, 512))).toEqual(bytes.subarray(512, 1024))
    expect(source.requests).toEqual([{ start: offset, length: size }])
    // These ranges are not in the segment.
    expect(await together.source.read(offset, size + 512)).toEqual(bytes)
    expect(await together.source.read(offset + size, 512)).toEqual(bytes.subarray(size))
    expect(await together.source.read(0, 512)).toHaveLength(512)
    expect(source.requests).toHaveLength(4)
  })

  it('can be read again at an earlier segment', async () => {
    const [archive] = await open()
    const together = readTogether(archive, [0, 1, 20, 21])
    const order = [20, 0, 21, 1]
    expect(await contentsOf(together, order)).toEqual(await contentsOf(archive, order))
  })

  it('sends a failed request again in the next read', async () => {
    const [archive, source] = await open()
    const together = readTogether(archive, indexes(archive))
    source.fails = () => true
    await expect(contentsOf(together, [0])).rejects.toThrow('the request failed')
    source.fails = () => false
    expect(await contentsOf(together, [0])).toEqual(await contentsOf(archive, [0]))
  })
})
