import { describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { type ArchivedRecord, archivedRecords } from '../../shared/archive/archived-records.ts'
import { readThrough } from '../../shared/restore/preflight/read-through.ts'
import { hashKeyOf } from '../../shared/resources/keys.ts'
import { must } from '../../shared/values/must.ts'
import { memorySource } from './memory.ts'
import { type SampleResource, writeArchive } from './sample.ts'

const IDS = Array.from({ length: 12 }, (_, k) => `r${k}`)
const resources = IDS.map((id): SampleResource => ({
  id,
  revisions: [
    { n: 1, data: '{"a":1}' },
    { n: 2, data: '{"a":2}' },
  ],
}))
/** In archive order. */
const inOrder = IDS.toSorted((a, b) => (hashKeyOf(a) < hashKeyOf(b) ? -1 : 1))

/** One segment with a chunk for each resource, and a second segment with a blob. */
const opened = async (change: (bytes: Buffer) => void = () => undefined) => {
  const bytes = await writeArchive({
    models: { a: resources },
    blobs: { blob: Buffer.from('content of a blob') },
    limits: { full: 1, max: 1_000_000 },
  })
  change(bytes)
  return openArchive(memorySource(bytes))
}

const read = async (...args: Parameters<typeof archivedRecords>): Promise<ArchivedRecord[]> => {
  const records: ArchivedRecord[] = []
  for await (const batch of archivedRecords(...args)) {
    expect(batch).not.toEqual([])
    records.push(...batch)
  }
  return records
}
const textOf = ({ kind, id, item }: ArchivedRecord): string =>
  kind === 'metadata' ? `metadata ${id}` : `revision ${item['revision_id']?.S ?? ''}`
const all = (ids: readonly string[]): string[] =>
  ids.flatMap((id) => [`metadata ${id}`, `revision ${id}:1`, `revision ${id}:2`])

describe('archivedRecords', () => {
  it('returns all records in order, each with its key and chunk', async () => {
    const records = await read(await opened(), 0)
    expect(records.map(textOf)).toEqual(all(inOrder))
    expect(records.map(({ entry }) => entry)).toEqual(inOrder.flatMap((_, k) => [k, k, k]))
    for (const { h, id, model, sk } of records) {
      expect([model, h]).toEqual(['a', hashKeyOf(id)])
      expect(sk.startsWith(`${h}/${id}`)).toBe(true)
    }
  })

  it('returns only records of the selected ids, of which some may not exist', async () => {
    const archive = await opened()
    const ids = ['r7', 'missing', 'r3', 'r7']
    const expected = all(inOrder.filter((id) => ids.includes(id)))
    expect((await read(archive, 0, { ids })).map(textOf)).toEqual(expected)
    expect(await read(archive, 0, { ids: ['missing'] })).toEqual([])
    expect(await read(archive, 0, { ids: [] })).toEqual([])
  })

  it('omits other records of a chunk that contains a selected id', async () => {
    const archive = await openArchive(memorySource(await writeArchive({ models: { a: resources } })))
    expect((await read(archive, 0, { ids: ['r3'] })).map(textOf)).toEqual(all(['r3']))
  })

  it('resumes at a chunk and a bucket', async () => {
    const archive = await opened()
    for (const entry of [0, 5, 11]) {
      const bucket = hashKeyOf(must(inOrder[entry])).slice(0, 4)
      const fromBucket = await read(archive, 0, { from: { entry, bucket } })
      expect(fromBucket.map(textOf)).toEqual(all(inOrder.slice(entry)))
      const nextBucket = (Number.parseInt(bucket, 16) + 1).toString(16).padStart(4, '0')
      const fromNext = await read(archive, 0, { from: { entry, bucket: nextBucket } })
      expect(fromNext.map(textOf)).toEqual(all(inOrder.slice(entry + 1)))
    }
    expect(await read(archive, 0, { from: { entry: 12, bucket: '0000' } })).toEqual([])
  })

  it('resumes at a chunk and returns only records of the selected ids', async () => {
    const archive = await opened()
    const ids = [must(inOrder[3]), must(inOrder[9])]
    const from = { entry: 6, bucket: '0000' }
    expect((await read(archive, 0, { from, ids })).map(textOf)).toEqual(all([must(inOrder[9])]))
  })

  it('rejects a segment that does not exist', async () => {
    const archive = await opened()
    await expect(read(archive, 2)).rejects.toThrow(new Error('the archive has no segment 2'))
    await expect(readThrough(archive, 2)).rejects.toThrow(new Error('the archive has no segment 2'))
  })
})

describe('readThrough', () => {
  it('accepts a segment of records and a segment of blobs', async () => {
    const archive = await opened()
    await expect(readThrough(archive, 0)).resolves.toBeUndefined()
    await expect(readThrough(archive, 1)).resolves.toBeUndefined()
  })

  it('rejects content that is corrupt', async () => {
    const archive = await opened((bytes) => {
      const at = bytes.indexOf('content of a blob')
      bytes.write('C', at)
    })
    await expect(readThrough(archive, 0)).resolves.toBeUndefined()
    await expect(readThrough(archive, 1)).rejects.toThrow(/^entry blobs\/.* is corrupt: expected sha256 /)
  })
})
