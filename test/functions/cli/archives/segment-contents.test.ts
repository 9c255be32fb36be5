import { describe, expect, it } from 'vitest'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import { memorySource } from '../../../archive/memory.ts'
import { itemsOf } from '../../../archive/sample.ts'
import { segmentedArchive } from '../../../archive/segmented-archive.ts'

describe('the content of an archive with many segments of blobs', () => {
  const SEGMENTS = 100

  it('finds many blobs with about one read of each index', async () => {
    const city = itemsOf('city', { id: 'a', revisions: [{ n: 1, data: '{}' }] })
    const ids = Array.from({ length: 4 * SEGMENTS }, (_, k) => `blob ${k}`)
    const bytes = await segmentedArchive({
      models: { city: [[city.metadata, ...city.revisions]] },
      segments: 1,
      blobs: new Map(ids.map((id) => [id, Buffer.from(id)])),
      blobSegments: SEGMENTS,
    })
    const source = memorySource(bytes)
    let reads = 0
    const contents = await openContents({
      ...source,
      read: (start: number, length: number) => {
        reads += 1
        return source.read(start, length)
      },
    })
    reads = 0
    const found = await Array.fromAsync(contents.findBlobs(new Set(ids)))
    expect(found).toHaveLength(ids.length)
    // Some indexes are read a second time, because a bisection has read them before.
    expect(reads).toBeLessThanOrEqual(2 * SEGMENTS)
  })
})
