import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { EntryCorruptError } from '../../shared/archive/errors.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { blobName } from '../../shared/blobs/blob-name.ts'
import { ArchivePayloads, FewArchivePayloads } from '../../shared/archive/archive-payloads.ts'
import { craft } from './craft.ts'
import { toManifestSegment } from '../../shared/archive/manifest.ts'
import type { OpenArchive } from '../../shared/archive/archive.ts'
import { SegmentWriter } from '../../shared/archive/segment-writer.ts'
import { must } from '../../shared/values/must.ts'
import { MemorySink, memorySource } from './memory.ts'
import { writeArchive } from './sample.ts'

const one = Buffer.from('{"a":1}')
const two = Buffer.from('{"b":2}')
const blob = Buffer.from('{"c":3}')
const entry = (content: Buffer, line: Readonly<Record<string, unknown>> = { kind: 'payload' }) => ({
  path: `payloads/${hash('sha256', content)}`,
  content,
  line,
})

/** Two payloads and a blob, in archive order. */
const archiveOf = (): Buffer =>
  craft({
    entries: [
      entry(one),
      entry(two),
      { ...entry(blob, { kind: 'blob', file_id: 'c' }), path: `blobs/${blobName('c')}` },
    ],
  })

/**
 * An archive with segments of two payloads each, its payloads in order, and the number of its reads. `breakIndex`
 * damages the index of a segment.
 */
const archiveOfSegments = async (count: number) => {
  const contents = Array.from({ length: 2 * count }, (_, k) => Buffer.from(`{"n":${k}}`))
    .map((content) => ({ content, sha256: hash('sha256', content) }))
    .sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
  const segments: OpenArchive['segments'][number][] = []
  const pieces: Buffer[] = []
  let offset = 0
  for (let k = 0; k < count; k++) {
    const sink = new MemorySink()
    const segment = new SegmentWriter(`blobs-${k}`, sink)
    for (const { content, sha256 } of contents.slice(2 * k, 2 * k + 2))
      await segment.entry({ path: `payloads/${sha256}`, size: content.length, sha256, kind: 'payload' }, content)
    const summary = await segment.finish()
    segments.push(toManifestSegment(summary, offset))
    offset += summary.size
    pieces.push(sink.all())
  }
  const bytes = Buffer.concat(pieces)
  const source = memorySource(bytes)
  let reads = 0
  const empty = await openArchive(memorySource(await writeArchive({ models: { city: [] } })))
  const counted = { ...source, read: (start: number, length: number) => (reads++, source.read(start, length)) }
  const archive: OpenArchive = { ...empty, source: counted, segments }
  const breakIndex = (k: number): void => {
    const at = must(segments[k]).index.offset
    bytes[at] = must(bytes[at]) ^ 1
  }
  return { archive, contents, reads: () => reads, breakIndex }
}

describe.each([
  ['ArchivePayloads', ArchivePayloads],
  ['FewArchivePayloads', FewArchivePayloads],
])('%s', (_, Payloads) => {
  const payloadsOf = async (bytes: Buffer) => new Payloads(await openArchive(memorySource(bytes)))

  it('returns payloads in any order and repeatedly', async () => {
    const payloads = await payloadsOf(archiveOf())
    expect(await payloads.get(hash('sha256', two))).toEqual(two)
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
    expect(await payloads.get(hash('sha256', two))).toEqual(two)
  })

  it.each([
    ['does not exist', hash('sha256', 'x')],
    ['belongs to a blob', hash('sha256', blob)],
  ])('returns undefined for a checksum that %s', async (_, sha256) => {
    const payloads = await payloadsOf(archiveOf())
    expect(await payloads.get(sha256)).toBeUndefined()
    expect(await payloads.get(sha256)).toBeUndefined()
    expect(await payloads.sizeOf(sha256)).toBeUndefined()
    expect(await payloads.sizeOf(hash('sha256', one))).toBe(one.length)
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
  })

  it('throws an error of the source that is not a damage of the archive', async () => {
    const { archive, contents } = await archiveOfSegments(2)
    const unavailable = new Error('the source is not available')
    const source = { ...archive.source, read: () => Promise.reject(unavailable) }
    const payloads = new Payloads({ ...archive, source })
    await expect(payloads.get(contents[0]?.sha256 ?? '')).rejects.toBe(unavailable)
  })

  it('rejects a payload that is corrupt', async () => {
    const bytes = archiveOf()
    bytes.write('9', bytes.indexOf('{"b":2}') + 5)
    const payloads = await payloadsOf(bytes)
    const sha256 = hash('sha256', two)
    await expect(payloads.get(sha256)).rejects.toThrow(
      new EntryCorruptError(`payloads/${sha256}`, sha256, hash('sha256', '{"b":9}')),
    )
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
  })

  it('returns the payloads of all other segments if an index is damaged, and names the damage for the rest', async () => {
    const damaged = 5
    const { archive, contents, breakIndex } = await archiveOfSegments(11)
    breakIndex(damaged)
    const payloads = new Payloads(archive)
    const damage = /^the index of the segment that begins at byte \d+ is corrupt: /
    const inSegment = (k: number): boolean => Math.floor(k / 2) === damaged
    // The payloads of the damaged segment are requested first and last.
    for (const [k, { sha256 }] of contents.entries())
      if (inSegment(k)) await expect(payloads.get(sha256)).rejects.toThrow(damage)
    for (const [k, { content, sha256 }] of contents.entries())
      if (!inSegment(k)) expect(await payloads.get(sha256), `payload ${k}`).toEqual(content)
    for (const [k, { sha256 }] of contents.entries())
      if (inSegment(k)) await expect(payloads.get(sha256)).rejects.toThrow(damage)
  })

  it('searches only segments without a model', async () => {
    const bytes = await writeArchive({
      models: { a: [{ id: 'r', revisions: [{ n: 1, data: '{}' }] }] },
      blobs: { b: Buffer.from('{}') },
    })
    const source = memorySource(bytes)
    const reads: number[] = []
    const archive = await openArchive({
      ...source,
      read: (start, length) => {
        reads.push(start)
        return source.read(start, length)
      },
    })
    reads.length = 0
    expect(await new Payloads(archive).get(hash('sha256', '{}'))).toBeUndefined()
    const segments = archive.segments.filter(({ model }) => model === undefined)
    expect(segments).toHaveLength(1)
    const [segment] = segments
    if (segment === undefined) return expect.fail('the archive has no blobs')
    // `ArchivePayloads` reads the index of a small segment together with the rest of the segment.
    const { offset, index } = segment
    expect(reads).toEqual([Payloads === ArchivePayloads ? offset : index.offset])
  })
})

describe('FewArchivePayloads', () => {
  const SEGMENTS = 1_000

  it('finds one payload among 1,000 segments with about log2 of the reads', async () => {
    const { archive, contents, reads } = await archiveOfSegments(SEGMENTS)
    for (const [k, { content, sha256 }] of contents.filter((_, k) => k % 199 === 0 || k === 1_999).entries()) {
      const before = reads()
      expect(await new FewArchivePayloads(archive).get(sha256), `payload ${k}`).toEqual(content)
      // Ten or eleven indexes and the payload.
      expect(reads() - before).toBeLessThanOrEqual(12)
    }
    const before = reads()
    expect(await new FewArchivePayloads(archive).get('5'.repeat(64))).toBeUndefined()
    expect(reads() - before).toBeLessThanOrEqual(11)
  })

  it('finds further payloads with fewer reads, and reads no index twice in a row', async () => {
    const { archive, contents, reads } = await archiveOfSegments(SEGMENTS)
    const payloads = new FewArchivePayloads(archive)
    for (const { content, sha256 } of contents) expect(await payloads.get(sha256)).toEqual(content)
    // Without the known bounds, these would be about 20,000 indexes.
    expect(reads() - contents.length).toBeLessThanOrEqual(2 * SEGMENTS)
    const before = reads()
    const [first] = contents
    expect(await payloads.sizeOf(first?.sha256 ?? '')).toBe(first?.content.length)
    expect(await payloads.get(first?.sha256 ?? '')).toEqual(first?.content)
    expect(reads() - before).toBe(2)
  })
})
