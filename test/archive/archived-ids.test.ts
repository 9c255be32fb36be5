import { describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { ArchivedIds } from '../../shared/archive/archived-ids.ts'
import { EntryCorruptError } from '../../shared/archive/errors.ts'
import { memorySource } from './memory.ts'
import { craftRecords } from './craft.ts'
import { type SampleResource, writeArchive } from './sample.ts'

const resource = (id: string, ...numbers: number[]): SampleResource => ({
  id,
  revisions: numbers.map((n) => ({ n, data: '{}' })),
})

/** The ids of an archive, and a counter of reads. */
const idsOf = async (
  models: Readonly<Record<string, SampleResource[]>>,
  damage: (bytes: Buffer) => void = () => undefined,
) => {
  const bytes = await writeArchive({ models, limits: { full: 1, max: 1_000_000 } })
  damage(bytes)
  const source = memorySource(bytes)
  const counted = { reads: 0 }
  const archive = await openArchive({
    ...source,
    read: (start, length) => {
      counted.reads += 1
      return source.read(start, length)
    },
    stream: (start, length) => {
      counted.reads += 1
      return source.stream(start, length)
    },
  })
  return { ids: new ArchivedIds(archive), counted }
}

describe('ArchivedIds', () => {
  it('finds the ids of resources and revisions by model', async () => {
    const some = Array.from({ length: 8 }, (_, k) => resource(`r${k}`, 1, 3))
    const { ids } = await idsOf({ a: some, b: [resource('s', 1)], none: [] })
    for (const { id } of some) {
      expect(await ids.has('a', id, id, 'resource_id')).toBe(true)
      expect(await ids.has('a', id, `${id}:1`, 'revision_id')).toBe(true)
      expect(await ids.has('a', id, `${id}:2`, 'revision_id')).toBe(false)
      expect(await ids.has('a', id, `${id}:3`, 'revision_id')).toBe(true)
      expect(await ids.has('b', id, id, 'resource_id')).toBe(false)
    }
    expect(await ids.has('b', 's', 's', 'resource_id')).toBe(true)
    expect(await ids.has('a', 's', 's', 'resource_id')).toBe(false)
    expect(await ids.has('none', 's', 's', 'resource_id')).toBe(false)
    expect(await ids.has('unknown', 's', 's', 'resource_id')).toBe(false)
    for (let k = 0; k < 8; k++) expect(await ids.has('a', `x${k}`, `x${k}`, 'resource_id')).toBe(false)
  })

  it('distinguishes a resource from a revision with the same id', async () => {
    const { ids } = await idsOf({ a: [resource('r', 1), resource('s', 1), resource('s:2', 1)] })
    expect(await ids.has('a', 'r', 'r:1', 'revision_id')).toBe(true)
    expect(await ids.has('a', 'r:1', 'r:1', 'resource_id')).toBe(false)
    expect(await ids.has('a', 's:2', 's:2', 'resource_id')).toBe(true)
    expect(await ids.has('a', 's', 's:2', 'revision_id')).toBe(false)
  })

  it('reads the archive once for each id', async () => {
    const { ids, counted } = await idsOf({ a: [resource('r', 1)] })
    expect(await ids.has('a', 'r', 'r', 'resource_id')).toBe(true)
    const before = counted.reads
    expect(await ids.has('a', 'r', 'r', 'resource_id')).toBe(true)
    expect(counted.reads).toBe(before)
    expect(await ids.has('a', 'r', 'r:2', 'revision_id')).toBe(false)
    const after = counted.reads
    expect(after).toBeGreaterThan(before)
    expect(await ids.has('a', 'r', 'r:2', 'revision_id')).toBe(false)
    expect(await ids.has('a', 'r', 'r', 'resource_id')).toBe(true)
    expect(counted.reads).toBe(after)
  })

  it('returns the damage of the chunk that can contain an id, and reads this chunk once', async () => {
    const { ids, counted } = await idsOf({ a: [resource('r', 1)], b: [resource('s', 1)] }, (bytes) => {
      // The first chunk begins after its tar header.
      bytes.writeUInt8(bytes.readUInt8(512) ^ 1, 512)
    })
    const damage = await ids.has('a', 'r', 'r', 'resource_id')
    expect(damage).toBeInstanceOf(EntryCorruptError)
    const before = counted.reads
    expect(await ids.has('a', 'r', 'r', 'resource_id')).toBe(damage)
    expect(counted.reads).toBe(before)
    expect(await ids.has('b', 's', 's', 'resource_id')).toBe(true)
  })

  it('reads nothing for an id whose id hash is outside those of the model', async () => {
    const { ids, counted } = await idsOf({ a: [resource('r', 1)] })
    const before = counted.reads
    for (let k = 0; k < 20; k++) expect(await ids.has('a', `x${k}`, `x${k}`, 'resource_id')).toBe(false)
    expect(counted.reads).toBe(before)
  })

  it('finds ids again after its cache has overflowed', async () => {
    const { ids, counted } = await idsOf({ a: [resource('r', 1)] })
    expect(await ids.has('a', 'r', 'r', 'resource_id')).toBe(true)
    const before = counted.reads
    for (let k = 0; k < 20_010; k++) expect(await ids.has('unknown', `x${k}`, `x${k}`, 'resource_id')).toBe(false)
    expect(await ids.has('unknown', 'x0', 'x0', 'resource_id')).toBe(false)
    expect(await ids.has('a', 'r', 'r', 'resource_id')).toBe(true)
    expect(counted.reads).toBeGreaterThan(before)
  })

  it('finds a resource without revisions, but not a resource whose metadata is faulty', async () => {
    const { ids } = await idsOf({ a: [resource('r')] })
    expect(await ids.has('a', 'r', 'r', 'resource_id')).toBe(true)
    const bytes = craftRecords({
      lines: (lines) =>
        lines.map((line, k) => (k === 0 ? Buffer.from(line.toString().replace('"resource_id"', '"id"')) : line)),
    })
    const faulty = new ArchivedIds(await openArchive(memorySource(bytes)))
    expect(await faulty.has('city', 'city:1', 'city:1', 'resource_id')).toBe(false)
    expect(await faulty.has('city', 'city:1', 'city:1:1', 'revision_id')).toBe(true)
  })

  it('ignores records that are faulty', async () => {
    const bytes = craftRecords({
      lines: (lines) =>
        lines.map((line, k) => (k === 1 ? Buffer.from(line.toString().replace('"resource_id"', '"id"')) : line)),
    })
    const ids = new ArchivedIds(await openArchive(memorySource(bytes)))
    expect(await ids.has('city', 'city:1', 'city:1:1', 'revision_id')).toBe(false)
    expect(await ids.has('city', 'city:1', 'city:1:2', 'revision_id')).toBe(true)
  })
})
