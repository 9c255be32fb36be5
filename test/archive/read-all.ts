import { buffer } from 'node:stream/consumers'
import type { ArchiveSource } from '../../shared/archive/archive.ts'
import { readLineBatches } from '../../shared/archive/chunk-lines.ts'
import { BucketDigests, modelDigest, ResourceLeaf } from '../../shared/archive/digest.ts'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { decodeLine, recordKeyOf } from '../../shared/archive/record-line.ts'
import { RecordOrder } from '../../shared/archive/record-order.ts'
import { readEntries, readIndex } from '../../shared/archive/segment-reader.ts'
import type { Item } from '../../shared/tables/item.ts'

interface ReadArchive {
  readonly walked: boolean
  readonly proven: boolean
  readonly items: readonly Item[]
  readonly blobs: ReadonlyMap<string, Buffer>
  /** Number of payload entries. */
  readonly payloads: number
  readonly models: Readonly<
    Record<string, { digest: string; leaves: Record<string, string>; buckets: Record<string, string> }>
  >
}

/**
 * Reads a whole archive with the product's reader, and compares counts and digests with the manifest, as a restore
 * does.
 */
export const readAll = async (source: ArchiveSource): Promise<ReadArchive> => {
  const archive = await openArchive(source)
  const items: Item[] = []
  const blobs = new Map<string, Buffer>()
  const models: Record<string, ReadArchive['models'][string]> = {}
  let payloads = 0
  for (const model of archive.manifest.scope.models) {
    const digests = new BucketDigests()
    const leaves: Record<string, string> = {}
    let resources = 0
    let revisions = 0
    for (const segment of archive.segments.filter((candidate) => candidate.model === model)) {
      const order = new RecordOrder(segment)
      let open: { leaf: ResourceLeaf; h: string; id: string } | undefined
      const close = (): void => {
        if (open === undefined) return
        const leaf = open.leaf.digest()
        digests.add(open.h, leaf)
        leaves[open.id] = leaf.toString('hex')
      }
      for await (const { entry, content } of readEntries(archive, segment, await readIndex(archive, segment))) {
        order.beginChunk(entry)
        for await (const lines of readLineBatches(entry, content)) {
          for (const line of lines) {
            const item = decodeLine(line)
            const key = recordKeyOf(item)
            order.check(key)
            if (key.kind === 'metadata') {
              close()
              open = { leaf: new ResourceLeaf(), h: key.h, id: key.id }
            }
            open?.leaf.add(item)
            items.push(item)
          }
        }
        order.endChunk()
      }
      close()
      resources += order.resources
      revisions += order.revisions
    }
    const buckets = digests.end()
    const expected = archive.manifest.models[model]
    const digest = modelDigest(buckets)
    if (expected?.resources !== resources || expected.revisions !== revisions || expected.digest !== digest)
      throw new ArchiveInvalidError(`the records of model ${model} do not match the manifest`)
    models[model] = {
      digest,
      leaves,
      buckets: Object.fromEntries(buckets.map((bucket) => [bucket.bucket, bucket.digest.toString('hex')])),
    }
  }
  for (const segment of archive.segments.filter(({ model }) => model === undefined)) {
    for await (const { entry, content } of readEntries(archive, segment, await readIndex(archive, segment))) {
      if (entry.kind === 'blob') blobs.set(entry.file_id, await buffer(content))
      else payloads += 1
    }
  }
  const bytes = [...blobs.values()].reduce((sum, { length }) => sum + length, 0)
  if (archive.manifest.blobs.count !== blobs.size || archive.manifest.blobs.bytes !== bytes)
    throw new ArchiveInvalidError('the blobs do not match the manifest')
  return { walked: archive.walked, proven: archive.provenManifest, items, blobs, payloads, models }
}
