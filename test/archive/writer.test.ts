import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLineBatches } from '../../shared/archive/chunk-lines.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { type EntrySelection, readEntries, readIndex } from '../../shared/archive/segment-reader.ts'
import { blobName } from '../../shared/blobs/blob-name.ts'
import { readIndependently } from './independent-reader.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { itemsOf, type SampleArchive, type SampleResource, writeArchive } from './sample.ts'

const resource = (id: string, revisions: number, size = 10): SampleResource => ({
  id,
  revisions: Array.from({ length: revisions }, (_, k) => ({
    n: k + 1,
    data: JSON.stringify({ k, pad: 'x'.repeat(size) }),
  })),
})

/** All items of a sample, by model and sort key. */
const itemsByKey = ({ models, shards }: SampleArchive): Map<string, unknown> =>
  new Map(
    Object.entries(models).flatMap(([model, resources]) =>
      resources.flatMap((sampleResource) => {
        const { metadata, revisions } = itemsOf(model, sampleResource, shards)
        return [metadata, ...revisions].map((item) => [`${model}/${item['sk']?.S}`, item] as const)
      }),
    ),
  )

const BLOBS = {
  'flag/1': Buffer.from('one'),
  '..': Buffer.alloc(0),
  ['x'.repeat(150)]: Buffer.alloc(5_000, 3),
  ['ü'.repeat(150)]: Buffer.alloc(512, 4),
  'sha256-': Buffer.alloc(513, 5),
}

const inFolder = (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'acbak-'))
  return work(folder).finally(() => {
    rmSync(folder, { recursive: true })
  })
}

describe('a written archive', () => {
  const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => !/[/\\\p{Cc}]/u.test(text))
  const resources = fc.uniqueArray(
    fc.record({
      id,
      revisions: fc.uniqueArray(
        fc.record({
          n: fc.integer({ min: 1, max: 99 }),
          data: fc.oneof(
            fc.string({ unit: 'grapheme' }),
            fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
          ),
        }),
        { minLength: 1, maxLength: 4, selector: ({ n }) => n },
      ),
    }),
    { maxLength: 12, selector: (sampleResource) => sampleResource.id },
  )
  const sample: fc.Arbitrary<SampleArchive> = fc.record({
    models: fc.record({ city: resources, Land: resources }),
    blobs: fc.dictionary(
      id,
      fc.uint8Array({ maxLength: 1_500 }).map((bytes) => Buffer.from(bytes)),
      { maxKeys: 5 },
    ),
    shards: fc.constantFrom(1, 16, 1024),
    limits: fc.constantFrom({ full: 1, max: 1_200 }, { full: 600, max: 1_200 }, { full: 100_000, max: 200_000 }),
  })

  it('contains the same items and blobs for the product and for an independent reader', async () => {
    await fc.assert(
      fc.asyncProperty(sample, async (expected) => {
        const bytes = await writeArchive(expected)
        const { items, blobs, models } = await readAll(memorySource(bytes, 333))
        expect(new Map(items.map((item) => [`${item['pk']?.S?.split('#')[0]}/${item['sk']?.S}`, item]))).toEqual(
          itemsByKey(expected),
        )
        expect(blobs).toEqual(new Map(Object.entries(expected.blobs ?? {})))
        const independent = readIndependently(bytes)
        for (const [model, { digest, leaves }] of Object.entries(models))
          expect(independent[model]).toMatchObject({ digest, leaves })
      }),
      { numRuns: 60 },
    )
  })

  it('has the same digests for any number of shards and any size of chunks', async () => {
    const cities = Array.from({ length: 40 }, (_, k) => resource(`city:${k}`, 1 + (k % 4)))
    const digestOf = async (change: Partial<SampleArchive>): Promise<string | undefined> =>
      (await readAll(memorySource(await writeArchive({ models: { city: cities }, ...change })))).models['city']?.digest
    const digest = await digestOf({ shards: 4 })
    expect(await digestOf({ shards: 64 })).toBe(digest)
    expect(await digestOf({ limits: { full: 900, max: 2_000 } })).toBe(digest)
    expect(await digestOf({ models: { city: [...cities, resource('city:x', 1)] } })).not.toBe(digest)
  })

  it('has chunks that end at resources, unless a resource is larger than a chunk', async () => {
    const models = {
      city: [resource('a', 3, 100), resource('b', 30, 200), resource('c', 2, 100), resource('d', 6, 150)],
    }
    const limits = { full: 2_000, max: 4_000 }
    const archive = await openArchive(memorySource(await writeArchive({ models, limits })))
    const chunks: string[][] = []
    for (const segment of archive.segments) {
      for await (const { entry, content } of readEntries(archive, segment, await readIndex(archive, segment))) {
        expect(entry.unpacked_size).toBeLessThanOrEqual(limits.max)
        const ids = new Set<string>()
        for await (const lines of readLineBatches(entry, content))
          for (const line of lines) ids.add(/"resource_id":\{"S":"(.*?)"/.exec(line.toString())?.[1] ?? '')
        chunks.push([...ids])
      }
    }
    // Only b is larger than a chunk.
    const chunkCounts = ['a', 'c', 'd'].map((name) => chunks.filter((ids) => ids.includes(name)).length)
    expect(chunkCounts).toEqual([1, 1, 1])
    expect(chunks.filter((ids) => ids.includes('b')).length).toBeGreaterThan(2)
  })

  it('can be listed, unpacked and repacked by GNU tar', async () => {
    const models = { city: [resource('city:1', 2), resource('city:2', 1)], empty: [] }
    const archive = await writeArchive({ models, blobs: BLOBS })
    await inFolder(async (folder) => {
      const tar = (...parameters: string[]): string =>
        execFileSync('tar', parameters, { cwd: folder, encoding: 'utf8' })
      writeFileSync(join(folder, 'a.acbak'), archive)
      const names = tar('tf', 'a.acbak').trimEnd().split('\n')
      expect(names).toEqual([
        'models/city/m-0-00000.jsonl.zst',
        'index/m-0.jsonl.zst',
        ...names.slice(2, 2 + Object.keys(BLOBS).length),
        'index/blobs-0.jsonl.zst',
        'manifest.json',
        'acbak.trailer',
      ])
      expect(new Set(names.slice(2, -3))).toEqual(
        new Set(Object.keys(BLOBS).map((fileId) => `blobs/${blobName(fileId)}`)),
      )
      execFileSync('mkdir', ['x'], { cwd: folder })
      tar('xf', 'a.acbak', '-C', 'x')
      expect(readFileSync(join(folder, 'x', 'blobs', blobName('flag/1')), 'utf8')).toBe('one')

      const original = await readAll(memorySource(archive))
      for (const format of ['gnu', 'oldgnu', 'pax']) {
        tar('cf', 'b.tar', `--format=${format}`, '-C', 'x', '.')
        const walked = await readAll(memorySource(readFileSync(join(folder, 'b.tar'))))
        expect(walked).toMatchObject({ walked: true, proven: true })
        expect(walked.items).toEqual(original.items)
        expect(walked.blobs).toEqual(original.blobs)
      }
      rmSync(join(folder, 'x', 'acbak.trailer'))
      tar('cf', 'b.tar', '-C', 'x', '.')
      expect(await readAll(memorySource(readFileSync(join(folder, 'b.tar'))))).toMatchObject({ proven: false })

      const repack = async (change: string[]): Promise<unknown> => {
        execFileSync(change[0] ?? '', change.slice(1), { cwd: join(folder, 'x') })
        tar('cf', 'b.tar', '-C', 'x', '.')
        return readAll(memorySource(readFileSync(join(folder, 'b.tar'))))
      }
      await expect(repack(['ln', '-s', 'manifest.json', 'link'])).rejects.toThrow(
        'only files ("0") and directories ("5") are allowed',
      )
      await expect(repack(['cp', '--remove-destination', 'manifest.json', 'link'])).rejects.toThrow(
        'not listed in any index',
      )
      await expect(repack(['rm', 'manifest.json'])).rejects.toThrow('no manifest.json')
    })
  })

  it('is read only for selected entries', async () => {
    const models = { city: Array.from({ length: 30 }, (_, k) => resource(`city:${k}`, 2)) }
    const bytes = await writeArchive({ models, limits: { full: 2_000, max: 4_000 } })
    const source = memorySource(bytes)
    const ranges: number[] = []
    const counted = {
      ...source,
      stream: (start: number, length: number) => {
        ranges.push(length)
        return source.stream(start, length)
      },
    }
    const archive = await openArchive(counted)
    const [segment] = archive.segments
    if (segment === undefined) throw new Error('no segment')
    const index = await readIndex(archive, segment)
    const read = async (selection: EntrySelection): Promise<number[]> => {
      const ordinals: number[] = []
      for await (const { ordinal, content } of readEntries(archive, segment, index, selection)) {
        ordinals.push(ordinal)
        if (ordinal % 2 === 0) content.destroy()
      }
      return ordinals
    }
    const all = index.map((_, k) => k)
    expect(all.length).toBeGreaterThan(6)
    expect(await read({})).toEqual(all)
    expect(await read({ from: 3 })).toEqual(all.slice(3))
    expect(
      await read({
        filter: ({ path }) => path === index[1]?.path || path === index[2]?.path || path === index[5]?.path,
      }),
    ).toEqual([1, 2, 5])
    expect(ranges.length).toBe(1 + 1 + 2)
    expect(ranges[3]).toBe(index[5]?.size)
  })

  it('is rejected for content with a wrong checksum, whether or not the content is consumed', async () => {
    const bytes = await writeArchive({ models: {}, blobs: { a: Buffer.alloc(9_000, 1) } })
    bytes[1_000] = 2
    const archive = await openArchive(memorySource(bytes))
    const [segment] = archive.segments
    if (segment === undefined) throw new Error('no segment')
    const index = await readIndex(archive, segment)
    const reading = async (consume: (content: AsyncIterable<unknown>) => Promise<void>): Promise<void> => {
      for await (const { content } of readEntries(archive, segment, index)) await consume(content)
    }
    const whole = async (content: AsyncIterable<unknown>): Promise<void> => {
      for await (const piece of content) expect(piece).toBeInstanceOf(Buffer)
    }
    await expect(reading(whole)).rejects.toThrow('entry blobs/a is corrupt: expected sha256')
    await expect(reading(() => Promise.resolve())).rejects.toThrow('entry blobs/a is corrupt: expected sha256')
  })
})
