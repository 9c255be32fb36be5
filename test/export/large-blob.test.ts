import { describe, expect, it } from 'vitest'
import { planSegment } from '../../shared/export/large-blob.ts'

const MIB = 1024 * 1024
const TIB = 1024 * 1024 * MIB
const HEADERS = { content_type: 'application/octet-stream' }

describe('the segment of a large blob', () => {
  const planned = async (size: number) => {
    const object = { bucket: 'blobs', key: 'blobs/b', etag: '"e"', size }
    const segment = { name: 'blob', sha256: 'ab'.repeat(32) }
    const { parts, summary } = await planSegment('b', { object, properties: HEADERS }, segment, {
      copyPartBytes: 512 * MIB,
    })
    return { sizes: parts.map((part) => part.size), summary }
  }

  it('is copied in parts of at most 512 MiB', async () => {
    const { sizes } = await planned(1024 * MIB + 1)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(512 * MIB)
  })

  it('has at most 10,000 parts, even if the blob has the largest allowed size', async () => {
    const { sizes, summary } = await planned(5 * TIB)
    expect(sizes.length).toBeLessThanOrEqual(10_000)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5 * 1024 * MIB)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(summary.size)
  })
})
