import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlobTooLargeError } from '../../shared/blobs/errors.ts'
import { BlobReferenceSet } from '../../shared/blobs/blob-references.ts'
import type { BlobReferenceList } from '../../shared/blobs/blob-reference-list.ts'
import { BlobStore } from '../../shared/blobs/blob-store.ts'
import { blobsPerRange } from '../../shared/export/blobs-per-range.ts'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { useServices, type TestServers } from '../services.ts'

describe('the number of blobs of a map item', () => {
  let servers: TestServers
  let services: { readonly objects: ObjectStore; readonly blobs: BlobStore }
  beforeAll(async () => {
    servers = await useServices()
    const objects = new ObjectStore(servers.s3)
    services = { objects, blobs: new BlobStore(objects, servers.config.buckets.blobs) }
  })
  afterAll(() => servers.stop())

  /** Writes blobs of these sizes, and a list of references to them. A size of undefined is that of a missing blob. */
  const listOf = async (sizes: readonly (number | undefined)[]): Promise<BlobReferenceList> => {
    const { blobs, work } = servers.config.buckets
    const references = new BlobReferenceSet()
    for (const [k, size] of sizes.entries()) {
      references.addBlob('city', `blob ${k}`)
      const key = `blobs/blob%20${k}`
      if (size === undefined) await services.objects.delete(blobs, [key])
      else await services.objects.put(blobs, key, Buffer.alloc(size))
    }
    return references.write(services.objects, work, 'references')
  }
  const limits = { blobsPerRange: 20, bytesPerRange: 1000, maxBlobBytes: 10_000 }

  it.each<[string, (number | undefined)[], number]>([
    ['is limited by the bytes of its blobs', [300, 500, 400], 2],
    ['is at least one', [5000, 3000], 1],
    ['is limited by a number', [1, 2, 3], 20],
    ['is not limited by blobs without bytes', [0, 0], 20],
    ['does not depend on missing blobs alone', [undefined, undefined], 20],
    ['is estimated from a sample of many blobs', Array.from({ length: 200 }, () => 250), 4],
  ])('%s', async (_title, sizes, expected) => {
    expect(await blobsPerRange(services, [await listOf(sizes)], limits)).toEqual({
      perRange: expected,
      blobs: sizes.length,
    })
  })

  it('is not computed if a blob of the sample is too large, and the error names this blob', async () => {
    const lists = [await listOf([1, 10_001])]
    await expect(blobsPerRange(services, lists, limits)).rejects.toThrow(BlobTooLargeError)
    await expect(blobsPerRange(services, lists, limits)).rejects.toMatchObject({ id: 'blob 1', size: 10_001 })
  })

  it('is the limit if there are no blobs', async () => {
    expect(await blobsPerRange(services, [], limits)).toEqual({ perRange: 20, blobs: 0 })
  })

  it('estimates the number of blobs that several lists contain', async () => {
    const list = await listOf(Array.from({ length: 400 }, () => 250))
    const { blobs } = await blobsPerRange(services, [list, list, list], limits)
    expect(blobs).toBe(400)
  })
})
