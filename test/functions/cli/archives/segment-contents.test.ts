import { describe, expect, it } from 'vitest'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import { openArchive } from '../../../../shared/archive/open.ts'
import { must } from '../../../../shared/values/must.ts'
import { memorySource } from '../../../archive/memory.ts'
import { itemsOf } from '../../../archive/sample.ts'
import { segmentedArchive } from '../../../archive/segmented-archive.ts'

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
