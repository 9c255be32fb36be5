import { open } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { modelDigest, ResourceLeaf } from '../../../shared/archive/digest.ts'
import { encodeManifest, toManifestSegment } from '../../../shared/archive/manifest.ts'
import { openArchive } from '../../../shared/archive/open.ts'
import { decodeLine, recordKeyOf } from '../../../shared/archive/record-line.ts'
import { RecordOrder } from '../../../shared/archive/record-order.ts'
import { RecordsWriter } from '../../../shared/archive/records-writer.ts'
import { readLineBatches } from '../../../shared/archive/chunk-lines.ts'
import { readEntries, readIndex } from '../../../shared/archive/segment-reader.ts'
import { SegmentWriter } from '../../../shared/archive/segment-writer.ts'
import type { ArchiveSource } from '../../../shared/archive/archive.ts'
import { encodeTail } from '../../../shared/archive/tail.ts'
import { MANIFEST } from '../../archive/sample.ts'
import { MODEL, type StoredItems } from './items.ts'

/** Writes an archive with the product's writer: lines, chunks, checksums, index, digest, manifest and trailer. */
export const write = async (resources: readonly StoredItems[], path: string): Promise<void> => {
  await using file = await open(path, 'w')
  const segment = new SegmentWriter(
    'm-0',
    {
      bytes: async (bytes) => {
        await file.write(bytes)
      },
      object: () => Promise.reject(new Error('a segment of records copies no S3 objects')),
    },
    MODEL,
  )
  const records = new RecordsWriter(segment, MODEL)
  for (const { h, metadata, revisions } of resources) {
    await records.begin(metadata, h)
    for (const revision of revisions) await records.revision(revision)
    await records.end()
  }
  const { resources: count, revisions, buckets } = await records.finish()
  const summary = await segment.finish()
  const manifest = {
    ...MANIFEST,
    scope: { models: [MODEL], filters: {} },
    models: { [MODEL]: { resources: count, revisions, blobs: 0, digest: modelDigest(buckets) } },
    segments: [toManifestSegment(summary, 0)],
  }
  await file.write(await encodeTail(encodeManifest(manifest), summary.size))
}

/**
 * Reads an archive as preflight does: verifies checksums and order, decodes and checks every line, and hashes the
 * resources.
 */
export const read = async (path: string): Promise<number> => {
  const archive = await openArchive(await fileSource(path))
  let lines = 0
  for (const segment of archive.segments) {
    const order = new RecordOrder(segment)
    let leaf = new ResourceLeaf()
    for await (const { entry, content } of readEntries(archive, segment, await readIndex(archive, segment))) {
      order.beginChunk(entry)
      for await (const batch of readLineBatches(entry, content))
        for (const line of batch) {
          const item = decodeLine(line)
          const position = recordKeyOf(item)
          order.check(position)
          if (position.kind === 'metadata') {
            leaf.digest()
            leaf = new ResourceLeaf()
          }
          leaf.add(item)
          lines += 1
        }
      order.endChunk()
    }
  }
  return lines
}

const fileSource = async (path: string): Promise<ArchiveSource> => {
  const file = await open(path)
  const { size } = await file.stat()
  return {
    size,
    read: async (start, length) => (await file.read(Buffer.alloc(length), 0, length, start)).buffer,
    stream: (start, length) => Promise.resolve(createReadStream(path, { start, end: start + length - 1 })),
  }
}
