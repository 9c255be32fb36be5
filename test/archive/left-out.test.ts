import { randomBytes } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, EntryCorruptError } from '../../shared/archive/errors.ts'
import { encodeLeftOut, type LeftOut, type UnrestorableStoredResource } from '../../shared/archive/left-out.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { parseManifest } from '../../shared/archive/read-manifest.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { MANIFEST, writeArchive } from './sample.ts'
import { entryBytes, filesOf, tailBytes } from './tar-blocks.ts'

const resource = (n: number): UnrestorableStoredResource => ({
  model: 'city',
  resource_id: `city:${n}`,
  key: { pk: 'city#m#0', sk: `${n}` },
  reason: 'data_size must be a whole number',
})
const LIST = 'left-out.jsonl.zst'
const models = { city: [{ id: 'city:1', revisions: [{ n: 1, data: '{}' }] }] }
const leftOut = [resource(2), resource(3)]
const archive = await writeArchive({ models, leftOut })
const files = filesOf(archive)
const contentOf = (name: string): Buffer => files.get(name) ?? Buffer.alloc(0)
/** Offset of the content of the list. */
const list = (await openArchive(memorySource(archive))).manifest.left_out?.list.offset ?? 0

const changedAt = (offset: number): Buffer => {
  const bytes = Buffer.from(archive)
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
  return bytes
}
const repacked = (change: (files: Map<string, Buffer>) => void): Buffer => {
  const changed = new Map(files)
  change(changed)
  const entries = [...changed].map(([name, content]) => entryBytes(name, content))
  return Buffer.concat([...entries, Buffer.alloc(1536)])
}
const reading = (bytes: Buffer): Promise<unknown> => readAll(memorySource(bytes))

describe('an archive of which resources were left out', () => {
  it('is read, and its manifest and its list name these resources', async () => {
    const { manifest } = await openArchive(memorySource(archive))
    expect(manifest).toMatchObject({ complete: false, missing_blobs: [], left_out: { count: 2, resources: leftOut } })
    const lines = zstdDecompressSync(contentOf(LIST)).toString()
    expect(lines).toBe(leftOut.map((each) => `${JSON.stringify(each)}\n`).join(''))
    expect(manifest.left_out?.list.unpacked_size).toBe(lines.length)
    expect(await readAll(memorySource(archive))).toMatchObject({ items: (await readAll(memorySource(archive))).items })
  })

  it('has 1,000 of them in its manifest and all of them in its list', async () => {
    const many = Array.from({ length: 1_001 }, (_, n) => resource(n))
    const { manifest } = await openArchive(memorySource(await writeArchive({ models, leftOut: many })))
    expect(manifest.left_out).toMatchObject({ count: 1_001, resources: many.slice(0, 1_000) })
    const lines = zstdDecompressSync((await encodeLeftOut(many)).content).toString()
    expect(lines).toBe(many.map((each) => `${JSON.stringify(each)}\n`).join(''))
  })

  it.each([
    ['the header', () => list - 512],
    ['the content', () => list],
    ['the padding', () => list + contentOf(LIST).length],
  ])('is rejected if a bit of %s of the list differs', async (_what, offset) => {
    await expect(reading(changedAt(offset()))).rejects.toThrow(LIST)
  })

  it('is read after it was packed again', async () => {
    expect(await readAll(memorySource(repacked(() => undefined)))).toMatchObject({
      walked: true,
      items: (await readAll(memorySource(archive))).items,
    })
  })

  it('is rejected after it was packed again with a list that is missing or different', async () => {
    await expect(reading(repacked((all) => void all.delete(LIST)))).rejects.toThrow(
      new ArchiveInvalidError(`entry ${LIST} is missing`),
    )
    await expect(reading(repacked((all) => void all.set(LIST, Buffer.from('other'))))).rejects.toThrow(
      EntryCorruptError,
    )
  })

  it('is rejected after it was packed again with a list of another size than its manifest states', async () => {
    const json = contentOf('manifest.json')
      .toString()
      .replace(/("list":\{"offset":\d+,"size":)(\d+)/, (_all, start: string, size: string) => `${start}${+size + 1}`)
    const bytes = repacked((all) => {
      all.delete('acbak.trailer')
      all.set('manifest.json', Buffer.from(json))
    })
    await expect(reading(bytes)).rejects.toThrow(`entry ${LIST} has`)
  })

  it('is rejected if the list is not between the last segment and the manifest', async () => {
    const manifest = parseManifest(contentOf('manifest.json'))
    const { offset } = manifest.left_out?.list ?? { offset: 0 }
    const json = Buffer.from(JSON.stringify(manifest).replace(`"offset":${offset},`, `"offset":${offset - 512},`))
    const bytes = Buffer.concat([
      archive.subarray(0, offset - 512),
      entryBytes(LIST, contentOf(LIST)),
      tailBytes(json, offset - 512 + entryBytes(LIST, contentOf(LIST)).length),
    ])
    await expect(reading(bytes)).rejects.toThrow(`${LIST} must be between the last segment and the header`)
  })
})

describe('the list of resources that were left out', () => {
  it('is rejected by its writer if it exceeds 32 MiB', async () => {
    // Random bytes, because zstd must not be able to compress them.
    const reason = randomBytes(33 * 1024 * 1024).toString('latin1')
    await expect(encodeLeftOut([{ ...resource(1), reason }])).rejects.toThrow(
      /^left-out\.jsonl\.zst lists 1 resources in \d+ bytes; at most 33554432 are allowed/,
    )
  })
})

describe('left_out of a manifest', () => {
  const valid: LeftOut = {
    count: 1,
    resources: [resource(1)],
    list: { offset: 512, size: 10, sha256: '0'.repeat(64), unpacked_size: 10 },
  }
  const parse = (left_out: LeftOut): unknown =>
    parseManifest(Buffer.from(JSON.stringify({ ...MANIFEST, complete: false, left_out })))

  it('is accepted without missing blobs', () => {
    expect(parse(valid)).toMatchObject({ left_out: valid })
  })

  it('is accepted with a list of 32 MiB', () => {
    const left_out = { ...valid, list: { ...valid.list, size: 32 * 1024 * 1024 } }
    expect(parse(left_out)).toMatchObject({ left_out })
  })

  const counted = 'left_out must have a count of at least 1, and list the first 1000 resources'
  it.each([
    ['counts nothing', { ...valid, count: 0, resources: [] }, counted],
    ['lists fewer than it counts', { ...valid, count: 2 }, counted],
    ['lists more than it counts', { ...valid, resources: [resource(1), resource(2)] }, counted],
    [
      'has a list over 32 MiB',
      { ...valid, list: { ...valid.list, size: 32 * 1024 * 1024 + 1 } },
      'left-out.jsonl.zst has more than 33554432 bytes',
    ],
  ])('is rejected if it %s', (_what, left_out, message) => {
    expect(() => parse(left_out)).toThrow(new ArchiveInvalidError(`manifest.json: ${message}`))
  })
})
