import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  blobPosition,
  BlobReferenceSet,
  firstPosition,
  payloadPosition,
  planPrefixRanges,
  PREFIX_COUNT,
  readBlobReferences,
} from '../../shared/blobs/blob-references.ts'
import type { BlobReferenceList } from '../../shared/blobs/blob-reference-list.ts'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { useServices, type TestServers } from '../services.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const ALL = { from: 0, to: PREFIX_COUNT }

describe('lists of blob references', () => {
  let servers: TestServers
  let objects: ObjectStore
  const write = (key: string, references: BlobReferenceSet): Promise<BlobReferenceList> =>
    references.write(objects, servers.config.buckets.work, key)

  beforeAll(async () => {
    servers = await useServices()
    objects = new ObjectStore(servers.s3)
  })
  afterAll(() => servers.stop())

  it('are merged: each reference once, payloads before blobs, in the order of their positions', async () => {
    const first = new BlobReferenceSet()
    first.addBlob('city', 'map', false, 'a')
    first.addBlob('guild', 'flag', false)
    first.addPayload('city', sha256('large'))
    const second = new BlobReferenceSet()
    for (const id of ['b', 'b', 'c', 'd']) second.addBlob('guild', 'map', false, id)
    second.addBlob('city', 'map', true, 'a')
    second.addBlob('city', 'map', false)
    second.addBlob('city', 'photo', true, undefined, false)
    second.addUnarchivedBlob('city', 'photo', false)
    second.addUnarchivedBlob('city', 'scan', true, 'a')
    expect([first.size, second.size]).toEqual([3, 3])
    const lists = [await write('first', first), await write('second', second)]
    expect(lists.map(({ payloads, blobs }) => [payloads, blobs])).toEqual([
      [1, 2],
      [0, 3],
    ])
    const blobs = [
      { position: blobPosition('map'), id: 'map', models: ['city', 'guild'], needed: true, reported: true },
      {
        position: blobPosition('flag'),
        id: 'flag',
        models: ['guild'],
        needed: false,
        reported: false,
        resources: [],
      },
      { position: blobPosition('photo'), id: 'photo', models: ['city'], needed: true, reported: false },
      {
        position: blobPosition('scan'),
        id: 'scan',
        models: [],
        needed: true,
        reported: true,
        resources: [{ model: 'city', resource_id: 'a' }],
      },
    ].sort((a, b) => (a.position < b.position ? -1 : 1))
    const id = sha256('large')
    const payload = {
      position: payloadPosition(id),
      id,
      models: ['city'],
      needed: true,
      reported: true,
      resources: [],
    }
    const merged = await readBlobReferences(objects, lists, ALL)
    expect(merged.map((reference) => ({ ...reference, models: [...reference.models].sort() }))).toMatchObject([
      payload,
      ...blobs,
    ])
    expect(merged.find(({ id }) => id === 'map')?.resources).toEqual([
      { model: 'city', resource_id: 'a' },
      { model: 'guild', resource_id: 'b' },
      { model: 'guild', resource_id: 'c' },
    ])
  })

  it('are not read outside of their prefixes', async () => {
    const references = new BlobReferenceSet()
    references.addBlob('city', 'map')
    const list = await write('prefixes', references)
    const prefix = Number.parseInt(blobPosition('map').slice(0, 4), 16)
    const [before, after, around] = [
      { from: 0, to: prefix },
      { from: prefix + 1, to: PREFIX_COUNT },
      { from: prefix, to: prefix + 1 },
    ].map((prefixes) => ({ ...list, prefixes }))
    const read = async (one: BlobReferenceList | undefined): Promise<string[]> =>
      (await readBlobReferences(objects, one === undefined ? [] : [one], { from: prefix, to: prefix + 1 })).map(
        ({ id }) => id,
      )
    expect([await read(before), await read(after), await read(around), await read(list)]).toEqual([
      [],
      [],
      ['map'],
      ['map'],
    ])
  })

  it('are divided into ranges that together contain every reference once', async () => {
    const references = new BlobReferenceSet()
    for (let k = 0; k < 50; k++) {
      references.addBlob('city', `blob ${k}`)
      references.addPayload('city', sha256(`payload ${k}`))
    }
    const lists = [await write('many', references), await write('none', new BlobReferenceSet())]
    const ranges = planPrefixRanges(lists, { payloads: 7, blobs: 7 })
    expect(ranges).toHaveLength(16)
    const parts = []
    for (const range of ranges) {
      const part = await readBlobReferences(objects, lists, range)
      for (const { position } of part) {
        expect(position >= firstPosition(range.from)).toBe(true)
        expect(position < firstPosition(range.to)).toBe(true)
      }
      parts.push(...part)
    }
    expect(parts).toHaveLength(100)
    expect(parts).toEqual(await readBlobReferences(objects, lists, ALL))
  })

  it('can be empty', async () => {
    const list = await write('empty', new BlobReferenceSet())
    expect(list).toMatchObject({ payloads: 0, blobs: 0 })
    expect(await readBlobReferences(objects, [list], ALL)).toEqual([])
    expect(await readBlobReferences(objects, [], ALL)).toEqual([])
  })
})

describe('ranges of prefixes', () => {
  const list = (payloads: number, blobs: number): BlobReferenceList => ({
    object: { bucket: 'work', key: 'list', size: 1, etag: 'e' },
    payloads,
    blobs,
  })

  const TEN = { payloads: 10, blobs: 10 }

  it('divide the prefixes of each kind by the number of its references', () => {
    expect(planPrefixRanges([], TEN)).toEqual([])
    expect(planPrefixRanges([list(0, 0)], TEN)).toEqual([])
    expect(planPrefixRanges([list(10, 0)], TEN)).toEqual([{ from: 0, to: 4096 }])
    expect(planPrefixRanges([list(6, 1), list(6, 0)], TEN)).toEqual([
      { from: 0, to: 2048 },
      { from: 2048, to: 4096 },
      { from: 4096, to: 8192 },
    ])
  })

  it('can have another number of references of each kind', () => {
    expect(planPrefixRanges([list(12, 3)], { payloads: 12, blobs: 1 })).toEqual([
      { from: 0, to: 4096 },
      { from: 4096, to: 5461 },
      { from: 5461, to: 6826 },
      { from: 6826, to: 8192 },
    ])
  })

  it('are never smaller than one prefix', () => {
    const ranges = planPrefixRanges([list(0, 10_000)], { payloads: 1, blobs: 1 })
    expect(ranges).toHaveLength(4096)
    expect(ranges.every(({ from, to }) => to === from + 1)).toBe(true)
  })

  it('end at a position that is greater than all others', () => {
    expect(firstPosition(0)).toBe('0000')
    expect(firstPosition(4096)).toBe('1000')
    expect(firstPosition(PREFIX_COUNT)).toBe('2000')
    expect(firstPosition(PREFIX_COUNT) > `1${'f'.repeat(64)}`).toBe(true)
  })
})
