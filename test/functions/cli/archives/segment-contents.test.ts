import { describe, expect, it } from 'vitest'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import type { OpenArchive } from '../../../../shared/archive/archive.ts'
import { archivedRecords } from '../../../../shared/archive/archived-records.ts'
import { openArchive } from '../../../../shared/archive/open.ts'
import { readIndex } from '../../../../shared/archive/segment-reader.ts'
import { must } from '../../../../shared/values/must.ts'
import { memorySource } from '../../../archive/memory.ts'
import { itemsOf, writeArchive } from '../../../archive/sample.ts'
import { segmentedArchive } from '../../../archive/segmented-archive.ts'

/** Returns the ids of the resources that are completely in one chunk of the first segment. */
const archivedIds = async (archive: OpenArchive, chunk: number): Promise<readonly string[]> => {
  const records = (await Array.fromAsync(archivedRecords(archive, { first: 0, last: 0 }))).flat()
  return records
    .filter(({ id, entry }) => entry === chunk && records.every((other) => other.id !== id || other.entry === chunk))
    .map(({ id }) => id)
}

describe('the content of a damaged archive', () => {
  it('is read with the same requests as that of a sound one if only some resources are needed', async () => {
    const resources = Array.from({ length: 40 }, (_, k) => ({ id: `${k}`, revisions: [{ n: 1, data: '{}' }] }))
    const bytes = await writeArchive({ models: { city: resources }, limits: { full: 1_000, max: 4_000 } })
    const archive = await openArchive(memorySource(bytes))
    const index = await readIndex(archive, must(archive.segments[0]))
    expect(index.length).toBeGreaterThan(10)
    const ids = (await archivedIds(archive, 3)).slice(0, 1)
    const requestsOf = async (...damaged: readonly number[]) => {
      const broken = Buffer.from(bytes)
      for (const at of damaged) broken[at] = must(broken[at]) ^ 1
      const source = memorySource(broken)
      const requests: string[] = []
      const contents = await openContents({
        ...source,
        read: (start: number, length: number) => {
          requests.push(`read ${start}+${length}`)
          return source.read(start, length)
        },
        stream: (start: number, length: number) => {
          requests.push(`stream ${start}+${length}`)
          return source.stream(start, length)
        },
      })
      const damage: string[] = []
      const onHarmlessDamage = (text: string): void => {
        damage.push(text)
      }
      const records = await Array.fromAsync(contents.records('city', ids, { skipsDamage: true, onHarmlessDamage }))
      return { requests, damage, lost: records.flat().filter(({ fault }) => fault !== undefined).length }
    }
    const sound = await requestsOf()
    expect(sound).toMatchObject({ damage: [], lost: 0 })
    const [first, chunk] = [must(index[0]), must(index[3])]
    // The header of the first chunk and that of the chunk with the resource, which are not needed.
    expect(await requestsOf(first.offset - 500, chunk.offset - 500)).toEqual(sound)
    expect(await requestsOf(first.offset - 500, chunk.offset)).toEqual({ ...sound, lost: 1 })
  })
})

describe('the content of an archive with many segments of blobs', () => {
  const SEGMENTS = 100

  const IDS = Array.from({ length: 4 * SEGMENTS }, (_, k) => `blob ${k}`)

  const archiveOfBlobs = (): Promise<Buffer> => {
    const city = itemsOf('city', { id: 'a', revisions: [{ n: 1, data: '{}' }] })
    return segmentedArchive({
      models: { city: [[city.metadata, ...city.revisions]] },
      segments: 1,
      blobs: new Map(IDS.map((id) => [id, Buffer.from(id)])),
      blobSegments: SEGMENTS,
    })
  }

  it('finds many blobs with about one read of each index', async () => {
    const source = memorySource(await archiveOfBlobs())
    let reads = 0
    const contents = await openContents({
      ...source,
      read: (start: number, length: number) => {
        reads += 1
        return source.read(start, length)
      },
    })
    reads = 0
    const found = await Array.fromAsync(contents.findBlobs(new Set(IDS)))
    expect(found).toHaveLength(IDS.length)
    // Some indexes are read a second time, because a bisection has read them before.
    expect(reads).toBeLessThanOrEqual(2 * SEGMENTS)
  })

  it('finds each blob of the other segments if an index is damaged', async () => {
    const bytes = await archiveOfBlobs()
    const { segments } = await openArchive(memorySource(bytes))
    // The first segment contains the records. Every search begins in the middle.
    const at = must(segments[1 + SEGMENTS / 2]).index.offset
    bytes[at] = must(bytes[at]) ^ 1
    const contents = await openContents(memorySource(bytes))
    const lost: string[] = []
    for (const id of IDS)
      await Array.fromAsync(contents.findBlobs(new Set([id]))).then(
        (found) => {
          expect(found).toMatchObject([{ file_id: id }])
        },
        () => lost.push(id),
      )
    expect(lost).toHaveLength(4)
  })
})
