import { describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import {
  type ArchivedRecord,
  archivedRecords,
  type LocatedFaultyRecord,
  type SoundRecord,
} from '../../shared/archive/archived-records.ts'
import { readThrough } from '../../shared/archive/read-through.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { must } from '../../shared/values/must.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { craftRecords } from './craft.ts'
import { memorySource } from './memory.ts'
import { itemsOf, type SampleResource, writeArchive } from './sample.ts'
import { segmentedArchive } from './segmented-archive.ts'

const IDS = Array.from({ length: 12 }, (_, k) => `r${k}`)
const resources = IDS.map((id): SampleResource => ({
  id,
  revisions: [
    { n: 1, data: '{"a":1}' },
    { n: 2, data: '{"a":2}' },
  ],
}))
const FIRST = { first: 0, last: 0 }
/** In archive order. */
const inOrder = IDS.toSorted((a, b) => (idHashOf(a) < idHashOf(b) ? -1 : 1))

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

const readAll = async (...args: Parameters<typeof archivedRecords>): Promise<ArchivedRecord[]> => {
  const records: ArchivedRecord[] = []
  for await (const batch of archivedRecords(...args)) {
    expect(batch).not.toEqual([])
    records.push(...batch)
  }
  return records
}
const read = async (...args: Parameters<typeof archivedRecords>): Promise<SoundRecord[]> =>
  (await readAll(...args)).map((record) => {
    if (record.fault !== undefined) throw new Error(record.fault)
    return record
  })
const textOf = ({ kind, id, item }: SoundRecord): string =>
  kind === 'metadata' ? `metadata ${id}` : `revision ${item['revision_id']?.S ?? ''}`
const all = (ids: readonly string[]): string[] =>
  ids.flatMap((id) => [`metadata ${id}`, `revision ${id}:1`, `revision ${id}:2`])

describe('archivedRecords', () => {
  it('returns all records in order, each with its key and chunk', async () => {
    const records = await read(await opened(), FIRST)
    expect(records.map(textOf)).toEqual(all(inOrder))
    expect(records.map(({ entry }) => entry)).toEqual(inOrder.flatMap((_, k) => [k, k, k]))
    for (const { h, id, model, sk } of records) {
      expect([model, h]).toEqual(['a', idHashOf(id)])
      expect(sk.startsWith(`${h}/${id}`)).toBe(true)
    }
  })

  it('returns only records of the selected ids, of which some may not exist', async () => {
    const archive = await opened()
    const ids = ['r7', 'missing', 'r3', 'r7']
    const expected = all(inOrder.filter((id) => ids.includes(id)))
    expect((await read(archive, FIRST, { ids })).map(textOf)).toEqual(expected)
    expect(await read(archive, FIRST, { ids: ['missing'] })).toEqual([])
    expect(await read(archive, FIRST, { ids: [] })).toEqual([])
  })

  it('omits other records of a chunk that contains a selected id', async () => {
    const archive = await openArchive(memorySource(await writeArchive({ models: { a: resources } })))
    expect((await read(archive, FIRST, { ids: ['r3'] })).map(textOf)).toEqual(all(['r3']))
  })

  it('resumes at a chunk and a bucket', async () => {
    const archive = await opened()
    for (const entry of [0, 5, 11]) {
      const bucket = idHashOf(must(inOrder[entry])).slice(0, 4)
      const fromBucket = await read(archive, FIRST, { from: { segment: 0, entry, bucket } })
      expect(fromBucket.map(textOf)).toEqual(all(inOrder.slice(entry)))
      const nextBucket = (Number.parseInt(bucket, 16) + 1).toString(16).padStart(4, '0')
      const fromNext = await read(archive, FIRST, { from: { segment: 0, entry, bucket: nextBucket } })
      expect(fromNext.map(textOf)).toEqual(all(inOrder.slice(entry + 1)))
    }
    expect(await read(archive, FIRST, { from: { segment: 0, entry: 12, bucket: '0000' } })).toEqual([])
  })

  it('resumes at a chunk and returns only records of the selected ids', async () => {
    const archive = await opened()
    const ids = [must(inOrder[3]), must(inOrder[9])]
    const from = { segment: 0, entry: 6, bucket: '0000' }
    expect((await read(archive, FIRST, { from, ids })).map(textOf)).toEqual(all([must(inOrder[9])]))
  })

  it('reads only chunks that can contain a selected id, so damage to other chunks is not noticed', async () => {
    const bytes = await writeArchive({ models: { a: resources }, limits: { full: 1, max: 1_000_000 } })
    const archive = await openArchive(memorySource(bytes))
    const index = await readIndex(archive, must(archive.segments[0]))
    for (const chunk of [must(index[0]), must(index.at(-1))]) bytes.fill(0, chunk.offset, chunk.offset + chunk.size)
    const id = must(inOrder[6])
    expect((await read(archive, FIRST, { ids: [id] })).map(textOf)).toEqual(all([id]))
    await expect(read(archive, FIRST, { ids: [must(inOrder[0])] })).rejects.toThrow('is corrupt')
    await expect(read(archive, FIRST)).rejects.toThrow('is corrupt')
  })

  it('starts with a chunk that begins inside a resource', async () => {
    const numbers = Array.from({ length: 9 }, (_, k) => k + 1)
    const large = IDS.slice(0, 6).map((id) => ({ id, revisions: numbers.map((n) => ({ n, data: 'x'.repeat(300) })) }))
    const bytes = await writeArchive({ models: { a: large }, limits: { full: 1_000, max: 2_000 } })
    const archive = await openArchive(memorySource(bytes))
    const whole = await read(archive, FIRST)
    expect(whole).toHaveLength(60)
    const later = await read(archive, FIRST, { from: { segment: 0, entry: 1, bucket: '0000' } })
    expect(later).toEqual(whole.filter(({ entry }) => entry >= 1))
    expect(later[0]?.kind).toBe('revision')
    for (const { id } of large)
      expect(await read(archive, FIRST, { ids: [id] })).toEqual(whole.filter((record) => record.id === id))
  })

  it.each<[string, (line: string) => string, Partial<LocatedFaultyRecord>]>([
    [
      'a wrong id hash',
      (line) => line.replace(/"sk":\{"S":"[0-9a-f]{16}/, '"sk":{"S":"0000000000000000'),
      {
        id: 'city:1',
        key: { pk: expect.stringMatching(/^city#r#\d+$/) as string, sk: '0000000000000000/city:1/0000000001/-' },
        fault: `sk is "0000000000000000/city:1/0000000001/-", but must be "${idHashOf('city:1')}/city:1/0000000001/-"`,
      },
    ],
    [
      'no resource id',
      (line) => line.replace('"resource_id":{"S":"city:1"},', ''),
      { id: 'city:1', fault: 'resource_id must be a string' },
    ],
    [
      'no resource id and no key',
      (line) => line.replace('"resource_id":{"S":"city:1"},', '').replace('"sk"', '"sort_key"'),
      { id: '', fault: 'sk must be a string that is not empty' },
    ],
    [
      'the resource id of another resource',
      (line) => line.replace('"resource_id":{"S":"city:1"}', '"resource_id":{"S":"city:9"}'),
      { id: 'city:9', idInKey: 'city:1', fault: expect.stringContaining('but must be') as string },
    ],
    ['an item that is no object', () => '{"Item":1}\n', { id: '', fault: 'Item must be an object', kind: 'metadata' }],
    [
      'a set that is empty',
      (line) => line.replace('{"Item":{', '{"Item":{"tags":{"SS":[]},'),
      { id: 'city:1', fault: 'SS must be an array that is not empty' },
    ],
    [
      'a partition key of no known kind',
      (line) => line.replace('city#r#0', 'city'),
      { id: 'city:1', fault: 'pk must be <model>#m#<shard> or <model>#r#<shard>' },
    ],
  ])('returns a record with %s as faulty, with the records around it', async (_, change, expected) => {
    const bytes = craftRecords({
      lines: (lines) => lines.map((line, k) => (k === 1 ? Buffer.from(change(line.toString())) : line)),
      line: expected.kind === 'metadata' ? { resources: 2, revisions: 1 } : {},
    })
    const records = await readAll(await openArchive(memorySource(bytes)), FIRST)
    expect(records.map(({ fault }) => fault === undefined)).toEqual([true, false, true])
    expect(records[1]).toMatchObject({
      kind: 'revision',
      entry: 0,
      location: { entry: 'models/city/s-00000.jsonl.zst', line: 2 },
      ...expected,
    })
    const withId = await readAll(await openArchive(memorySource(bytes)), FIRST, { ids: ['city:1'] })
    expect(withId).toHaveLength(expected.id === '' ? 2 : 3)
    expect(await readAll(await openArchive(memorySource(bytes)), FIRST, { ids: ['city:2'] })).toEqual([])
  })

  it('returns a faulty record of a selected id only if a pass begins before it', async () => {
    const other = must(IDS.find((id) => idHashOf(id) > idHashOf('city:1')))
    const change = (line: string): string =>
      line.replace('"resource_id":{"S":"city:1"}', `"resource_id":{"S":"${other}"}`)
    const bytes = craftRecords({
      lines: (lines) => lines.slice(0, 2).map((line, k) => (k === 1 ? Buffer.from(change(line.toString())) : line)),
      line: { revisions: 1, last_h: 'f'.repeat(16) },
      segment: { last_h: 'f'.repeat(16) },
    })
    const archive = await openArchive(memorySource(bytes))
    expect(await readAll(archive, FIRST, { ids: [other] })).toHaveLength(1)
    // The first record is in the bucket, but does not belong to the selected id.
    const from = { segment: 0, entry: 0, bucket: idHashOf('city:1').slice(0, 4) }
    expect(await readAll(archive, FIRST, { from, ids: [other] })).toEqual([])
  })

  it('rejects records that are not in order', async () => {
    const bytes = craftRecords({ lines: ([metadata, first, second]) => [metadata, second, first].map(must) })
    await expect(read(await openArchive(memorySource(bytes)), FIRST)).rejects.toThrow('order')
  })

  it('rejects a chunk that does not match its index line', async () => {
    const bytes = craftRecords({ line: { revisions: 3 } })
    await expect(read(await openArchive(memorySource(bytes)), FIRST)).rejects.toThrow('does not match its index line')
  })

  it('names the chunk and the line of a record that is invalid', async () => {
    const bytes = craftRecords({ lines: (lines) => [...lines.slice(0, 2), Buffer.from('x\n')] })
    await expect(read(await openArchive(memorySource(bytes)), FIRST)).rejects.toThrow(
      'line 3 of entry models/city/s-00000.jsonl.zst: the line is not JSON',
    )
  })

  it('rejects a segment that does not exist', async () => {
    const archive = await opened()
    await expect(read(archive, { first: 2, last: 2 })).rejects.toThrow(new Error('the archive has no segment 2'))
  })
})

describe('archivedRecords of several segments', () => {
  const many = Array.from({ length: 80 }, (_, k) => `r${k}`)
  const items = many.map((id) => {
    const { metadata, revisions } = itemsOf('a', { id, revisions: [{ n: 1, data: '{"a":1}' }] })
    return [metadata, ...revisions]
  })
  const ordered = many.toSorted((a, b) => (idHashOf(a) < idHashOf(b) ? -1 : 1))
  const bytesOf = (): Promise<Buffer> => segmentedArchive({ models: { a: items }, segments: 40 })
  const openBytes = (bytes: Buffer) => openArchive(memorySource(bytes))
  const ofIds = (ids: readonly string[]): string[] => ids.flatMap((id) => [`metadata ${id}`, `revision ${id}:1`])
  /** Bytes of the tar header of the first entry, which only the checksum of the frame covers. */
  const damageFrame = (bytes: Buffer, offset: number): void => void bytes.write('1', offset + 100)

  it('returns the records of all segments in order, in few batches', async () => {
    const archive = await openBytes(await bytesOf())
    const last = archive.segments.length - 1
    expect(last).toBeGreaterThan(30)
    const batches = await Array.fromAsync(archivedRecords(archive, { first: 0, last }))
    expect(batches).toHaveLength(1)
    const records = await read(archive, { first: 0, last })
    expect(records.map(textOf)).toEqual(ofIds(ordered))
    expect(new Set(records.map(({ segment }) => segment)).size).toBe(last + 1)
    const middle = await read(archive, { first: 5, last: 9 })
    expect(middle).toEqual(records.filter(({ segment }) => segment >= 5 && segment <= 9))
  })

  it('returns a batch after about 1 MiB, so that memory does not grow with the number of segments', async () => {
    const large = many.slice(0, 30).map((id) => {
      const { metadata, revisions } = itemsOf('a', { id, revisions: [{ n: 1, data: id.padEnd(100_000) }] })
      return [metadata, ...revisions]
    })
    const archive = await openBytes(await segmentedArchive({ models: { a: large }, segments: 30 }))
    const batches = await Array.fromAsync(archivedRecords(archive, { first: 0, last: archive.segments.length - 1 }))
    expect(batches.length).toBeGreaterThan(2)
    for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(22)
    const metadata = batches.flat().filter(({ kind }) => kind === 'metadata')
    expect(metadata.map(({ id }) => id)).toEqual(ordered.filter((id) => many.slice(0, 30).includes(id)))
  })

  it('resumes at a segment, and returns the records of the segments after it', async () => {
    const archive = await openBytes(await bytesOf())
    const span = { first: 0, last: archive.segments.length - 1 }
    const records = await read(archive, span)
    const start = records.find(({ segment }) => segment === 7)
    const from = { segment: 7, entry: 0, bucket: must(start).h.slice(0, 4) }
    expect(await read(archive, span, { from })).toEqual(records.filter(({ segment }) => segment >= 7))
  })

  it('reads only segments that can contain a selected id', async () => {
    const bytes = await bytesOf()
    const archive = await openBytes(bytes)
    const span = { first: 0, last: archive.segments.length - 1 }
    const ids = [must(ordered[10]), must(ordered[70])]
    const needed = new Set((await read(archive, span, { ids })).map(({ segment }) => segment))
    for (const [k, { offset, size }] of archive.segments.entries())
      if (!needed.has(k)) bytes.fill(0xff, offset, offset + size)
    expect((await read(archive, span, { ids })).map(textOf)).toEqual(ofIds(ids))
    await expect(read(archive, span)).rejects.toThrow('is corrupt')
  })

  it('returns the records before a damaged segment, and then fails', async () => {
    const bytes = await bytesOf()
    const archive = await openBytes(bytes)
    const { offset, size } = must(archive.segments[6])
    bytes.fill(0xff, offset, offset + size)
    const returned: ArchivedRecord[] = []
    const reading = async (): Promise<void> => {
      for await (const batch of archivedRecords(archive, { first: 0, last: 9 })) returned.push(...batch)
    }
    await expect(reading()).rejects.toThrow('is corrupt')
    expect(returned).toEqual(await readAll(archive, { first: 0, last: 5 }))
  })

  it('verifies the tar headers of a resumed segment only on request, and those of later segments always', async () => {
    const bytes = await bytesOf()
    const archive = await openBytes(bytes)
    const span = { first: 0, last: 9 }
    const from = { segment: 3, entry: 0, bucket: '0000' }
    await expect(read(archive, span, { from, readsThrough: true })).resolves.not.toEqual([])
    damageFrame(bytes, must(archive.segments[3]).offset)
    await expect(read(archive, span, { from })).resolves.not.toEqual([])
    await expect(read(archive, span, { from, readsThrough: true })).rejects.toThrow('tar header')
    damageFrame(bytes, must(archive.segments[4]).offset)
    await expect(read(archive, span, { from })).rejects.toThrow('tar header')
  })

  it('rejects a segment whose records precede those of the segment before it', async () => {
    const archive = await openBytes(await bytesOf())
    const [first, second] = [must(archive.segments[0]), must(archive.segments[1])]
    const swapped = { ...archive, segments: [second, first] }
    await expect(read(swapped, { first: 0, last: 1 })).rejects.toThrow('is out of order')
  })
})

describe('readThrough', () => {
  it('accepts a segment of records and a segment of blobs', async () => {
    const archive = await opened()
    await expect(readThrough(archive, must(archive.segments[0]))).resolves.toBeUndefined()
    await expect(readThrough(archive, must(archive.segments[1]))).resolves.toBeUndefined()
  })

  it('rejects content that is corrupt', async () => {
    const archive = await opened((bytes) => {
      const at = bytes.indexOf('content of a blob')
      bytes.write('C', at)
    })
    await expect(readThrough(archive, must(archive.segments[0]))).resolves.toBeUndefined()
    await expect(readThrough(archive, must(archive.segments[1]))).rejects.toThrow(
      /^entry blobs\/.* is corrupt: expected sha256 /,
    )
  })
})
