import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkArchive, type CheckedArchive } from '../../../shared/archive/check/check-archive.ts'
import { ArchiveFindings } from '../../../shared/archive/check/findings.ts'
import { isArchiveFault } from '../../../shared/archive/errors.ts'
import { openArchive } from '../../../shared/archive/open.ts'
import { memorySource } from '../memory.ts'
import { writeArchive } from '../sample.ts'
import { MemoryReferences } from './memory-references.ts'

const check = async (bytes: Buffer): Promise<{ content: CheckedArchive; findings: ArchiveFindings }> => {
  const findings = new ArchiveFindings()
  const content = await checkArchive(await openArchive(memorySource(bytes)), new MemoryReferences(), findings)
  return { content, findings }
}

/** Returns true if the check finds a fault, or if the archive cannot be opened. */
const isRejected = async (bytes: Buffer): Promise<boolean> => {
  try {
    return (await check(bytes)).findings.total() > 0
  } catch (error) {
    if (!isArchiveFault(error)) throw error
    return true
  }
}

const withFlippedByte = (bytes: Buffer, at: number): Buffer => {
  const broken = Buffer.from(bytes)
  broken[at] = (broken[at] ?? 0) ^ (1 + ((at * 7) % 255))
  return broken
}

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../../fixtures/acbak/${name}`, import.meta.url))

const blobReference = (id: string): string => JSON.stringify({ flag: { file_id: id, size: 6, content_type: 'a/b' } })

describe('checkArchive', () => {
  let archive: Buffer

  beforeAll(async () => {
    archive = await writeArchive({
      models: { city: [{ id: 'city:1', revisions: [{ n: 1, data: '{"a":1}' }] }], empty: [] },
      blobs: { 'flag/1': Buffer.from('a blob') },
    })
  })

  it('accepts a sound archive and counts its content', async () => {
    const { content, findings } = await check(archive)
    expect(findings.kept).toEqual([])
    expect(content).toEqual({
      models: { city: { resources: 1, revisions: 1, blobs: 0 }, empty: { resources: 0, revisions: 0, blobs: 0 } },
      blobs: { count: 1, bytes: 6 },
      unfinished: [],
    })
  })

  it.each([
    ['catalogue-v3.acbak', { character: [47, 138, 48], guild: [12, 39, 10], item: [63, 139, 29] }],
    ['repacked-v3.tar', { character: [47, 138, 48], guild: [12, 39, 10], item: [63, 139, 29] }],
    ['empty-v3.acbak', { character: [0, 0, 0], guild: [0, 0, 0], item: [0, 0, 0] }],
    ['single-v3.acbak', { guild: [1, 7, 4] }],
  ])('accepts %s, which an independent program wrote', async (name, expected) => {
    const { content, findings } = await check(await fixture(name))
    expect(findings.kept).toEqual([])
    const counts = Object.entries(content.models).map(([model, { resources, revisions, blobs }]) => [
      model,
      [resources, revisions, blobs],
    ])
    expect(Object.fromEntries(counts)).toEqual(expected)
  })

  it('finds a difference in any byte', async () => {
    const undetected: number[] = []
    for (let at = 0; at < archive.length; at++)
      if (!(await isRejected(withFlippedByte(archive, at)))) undetected.push(at)
    expect(undetected).toEqual([])
  })

  it('finds a truncation at any byte', async () => {
    const undetected: number[] = []
    for (let length = 0; length < archive.length; length++)
      if (!(await isRejected(archive.subarray(0, length)))) undetected.push(length)
    expect(undetected).toEqual([])
  })

  it('names every damaged entry with its offset, and reads the other segments', async () => {
    const bytes = await fixture('catalogue-v3.acbak')
    const { segments, source } = await openArchive(memorySource(bytes))
    expect(source.size).toBe(bytes.length)
    const [first, , third] = segments.filter(({ model }) => model === 'character')
    const broken = Buffer.from(bytes)
    // The first chunk of a segment begins after its tar header.
    for (const segment of [first, third]) broken[(segment?.offset ?? 0) + 512] = 0
    const { content, findings } = await check(broken)
    expect(findings.kept.map(({ check, model, offset }) => ({ check, model, offset }))).toEqual(
      [first, third].map((segment) => ({
        check: 'bytes',
        model: 'character',
        offset: (segment?.offset ?? 0) + 512,
      })),
    )
    expect(findings.kept[0]?.message).toMatch(/^entry models\/character\/\S+ is corrupt: expected sha256 /)
    expect(content.models['guild']).toEqual({ resources: 12, revisions: 39, blobs: 10 })
  })

  it('finds a damaged index and damaged padding', async () => {
    const { segments } = await openArchive(memorySource(archive))
    const [segment] = segments
    if (segment === undefined) throw new Error('the sample has no segment')
    const index = await check(withFlippedByte(archive, segment.index.offset))
    const padding = await check(withFlippedByte(archive, segment.index.offset + segment.index.size))
    const found = [index, padding].flatMap(({ findings }) => findings.kept)
    expect(found.map(({ check, offset }) => [check, offset])).toEqual([
      ['bytes', segment.index.offset],
      ['bytes', segment.index.offset + segment.index.size],
    ])
    expect(found[0]?.message).toMatch(/^the index of the segment that begins at byte 0 is corrupt: /)
    expect(found[1]?.message).toMatch(
      /^the archive is invalid: the padding of the index of the segment that begins at byte 0 must be zero/,
    )
  })

  it('states the byte at which a damaged tar header begins', async () => {
    const bytes = await fixture('catalogue-v3.acbak')
    // The headers of the first two chunks of the archive, and that of the first index.
    for (const start of [0, 5_120, 14_848]) {
      const { findings } = await check(withFlippedByte(bytes, start + 20))
      expect(findings.kept.map(({ offset }) => offset)).toEqual([start])
    }
  })

  it('finds resources that cannot be restored', async () => {
    const bytes = await writeArchive({
      models: {
        city: [
          { id: 'torn', revisions: [{ n: 1, data: '{}' }], extra: { current_revision_id: { S: 'torn:2' } } },
          { id: 'sound', revisions: [{ n: 1, data: '{}' }] },
        ],
      },
    })
    const { content, findings } = await check(bytes)
    expect(content.models['city']).toEqual({ resources: 2, revisions: 2, blobs: 0 })
    expect(findings.kept).toMatchObject([{ check: 'records', model: 'city', resource_id: 'torn' }])
    expect(findings.kept[0]?.message).toContain(
      'resource "torn" of model city cannot be restored: the current revision "torn:2" is missing',
    )
  })

  it('finds a blob that is referenced, but neither in the archive nor listed as missing', async () => {
    const city = (id: string, blob: string) => ({ id, revisions: [{ n: 1, data: blobReference(blob) }] })
    const bytes = await writeArchive({
      models: { city: [city('a', 'kept'), city('b', 'kept'), city('c', 'lost')] },
      blobs: { kept: Buffer.from('a blob') },
    })
    const { content, findings } = await check(bytes)
    expect(content.models['city']?.blobs).toBe(1)
    expect(findings.kept.map(({ check, resource_id, message }) => ({ check, resource_id, message }))).toEqual([
      {
        check: 'blobs',
        resource_id: 'c',
        message:
          'blob "lost", to which resource "c" of model city refers, is neither in the archive nor in missing_blobs of the manifest',
      },
      // The sample states no blobs for its models.
      {
        check: 'manifest',
        resource_id: undefined,
        message: 'model city: the manifest states blobs 0, but the archive contains 1',
      },
    ])
  })

  it('finds a manifest whose counts are wrong, even if its checksum matches', async () => {
    const text = archive.toString('latin1')
    const start = text.indexOf('{"format"')
    const end = text.indexOf('\0', start)
    const json = text.slice(start, end)
    const wrong = json.replace('"resources":1,"revisions":1', '"resources":1,"revisions":2')
    const bytes = Buffer.from(archive)
    bytes.write(wrong, start, 'latin1')
    bytes.write(hash('sha256', wrong), bytes.length - 1024 - 512 + bytes.subarray(-1536).indexOf('"sha256":"') + 10)
    const { findings } = await check(bytes)
    expect(findings.kept).toEqual([
      {
        check: 'manifest',
        model: 'city',
        message: 'model city: the manifest states revisions 2, but the archive contains 1',
      },
    ])
  })

  it('finds a list of left-out resources that does not match the manifest', async () => {
    const leftOut = { model: 'city', resource_id: 'x', key: { pk: 'city#m#0', sk: 'x' }, reason: 'no' }
    const opened = await openArchive(memorySource(await writeArchive({ models: { city: [] }, leftOut: [leftOut] })))
    const { left_out } = opened.manifest
    if (left_out === undefined) throw new Error('the sample has left_out')
    const wrong = { ...opened, manifest: { ...opened.manifest, left_out: { ...left_out, count: 2 } } }
    const findings = new ArchiveFindings()
    await checkArchive(wrong, new MemoryReferences(), findings)
    expect(findings.kept).toMatchObject([{ check: 'records', entry: 'left-out.jsonl.zst' }])
  })

  it('keeps the first 1,000 findings and counts the others', () => {
    const findings = new ArchiveFindings()
    for (let k = 0; k < 1_500; k++) findings.add({ check: k % 3 === 0 ? 'bytes' : 'blobs', message: `${k}` })
    expect([findings.kept.length, findings.total(), findings.total('bytes'), findings.total('records')]).toEqual([
      1_000, 1_500, 500, 0,
    ])
  })
})
