import { hash } from 'node:crypto'
import { type BucketDigest, modelDigest } from '../../shared/archive/digest.ts'
import { encodeManifest, type Manifest, toManifestSegment } from '../../shared/archive/manifest.ts'
import { RecordsWriter } from '../../shared/archive/records-writer.ts'
import { type SegmentSummary, SegmentWriter } from '../../shared/archive/segment-writer.ts'
import { encodeTail } from '../../shared/archive/tail.ts'
import { blobName } from '../../shared/blobs/blob-name.ts'
import { idHashIn } from '../../shared/resources/keys.ts'
import { type Item, sortKeyOf } from '../../shared/tables/item.ts'
import { must } from '../../shared/values/must.ts'
import { compareBytes } from '../../shared/values/text-order.ts'
import { MemorySink } from './memory.ts'
import { MANIFEST } from './sample.ts'

/** The content of an archive, and the largest numbers of segments into which it is divided. */
interface SegmentedContent {
  /** The resources of each model. The items of a resource are its metadata, and then its revisions. */
  readonly models: Readonly<Record<string, readonly (readonly Item[])[]>>
  /** The segments of each model. */
  readonly segments: number
  /** The blobs by file id. */
  readonly blobs?: ReadonlyMap<string, Buffer>
  /** The models whose resources refer to all blobs. The resources of other models refer to none of them. */
  readonly referring?: readonly string[]
  readonly blobSegments?: number
}

interface Piece {
  readonly summary: SegmentSummary
  readonly bytes: Buffer
}

/**
 * Writes a valid archive with many segments. All resources of a digest bucket are in one segment, so a model has at
 * most as many segments as digest buckets.
 */
export const segmentedArchive = async ({
  models,
  segments,
  blobs = new Map<string, Buffer>(),
  referring = [],
  blobSegments = 1,
}: SegmentedContent): Promise<Buffer> => {
  const pieces: Piece[] = []
  const counts: Record<string, Manifest['models'][string]> = {}
  const names = Object.keys(models).sort(compareBytes)
  for (const [k, model] of names.entries()) {
    const written = await recordsPieces(`m${k}`, model, must(models[model]), segments)
    pieces.push(...written.pieces)
    counts[model] = { ...written.counts, blobs: referring.includes(model) ? blobs.size : 0 }
  }
  pieces.push(...(await blobPieces(blobs, blobSegments)))
  let offset = 0
  const placed = pieces.map(({ summary }) => {
    const segment = toManifestSegment(summary, offset)
    offset += summary.size
    return segment
  })
  const manifest: Manifest = {
    ...MANIFEST,
    scope: { models: names, filters: {} },
    models: counts,
    blobs: { count: blobs.size, bytes: [...blobs.values()].reduce((sum, { length }) => sum + length, 0) },
    segments: placed,
  }
  return Buffer.concat([...pieces.map(({ bytes }) => bytes), await encodeTail(encodeManifest(manifest), offset)])
}

const hOf = (items: readonly Item[]): string => idHashIn(sortKeyOf(must(items[0])))

const recordsPieces = async (
  prefix: string,
  model: string,
  resources: readonly (readonly Item[])[],
  segments: number,
): Promise<{ readonly pieces: Piece[]; readonly counts: Omit<Manifest['models'][string], 'blobs'> }> => {
  const ordered = resources.toSorted((a, b) => compareBytes(sortKeyOf(must(a[0])), sortKeyOf(must(b[0]))))
  const pieces: Piece[] = []
  const buckets: BucketDigest[] = []
  let revisions = 0
  let start = 0
  while (start < ordered.length) {
    let end = Math.max(start + 1, Math.floor(((pieces.length + 1) * ordered.length) / segments))
    const isSameBucket = (k: number): boolean =>
      hOf(must(ordered[k])).slice(0, 4) === hOf(must(ordered[k - 1])).slice(0, 4)
    while (end < ordered.length && isSameBucket(end)) end += 1
    const sink = new MemorySink()
    const segment = new SegmentWriter(`${prefix}-${pieces.length}`, sink, model)
    const writer = new RecordsWriter(segment, model)
    for (const [metadata, ...others] of ordered.slice(start, end)) {
      await writer.begin(must(metadata), hOf([must(metadata)]))
      for (const revision of others.toSorted((a, b) => compareBytes(sortKeyOf(a), sortKeyOf(b))))
        await writer.revision(revision)
      await writer.end()
    }
    const summary = await writer.finish()
    buckets.push(...summary.buckets)
    revisions += summary.revisions
    pieces.push({ summary: await segment.finish(), bytes: sink.all() })
    start = end
  }
  return { pieces, counts: { resources: ordered.length, revisions, digest: modelDigest(buckets) } }
}

const blobPieces = async (blobs: ReadonlyMap<string, Buffer>, segments: number): Promise<Piece[]> => {
  const ordered = [...blobs].toSorted(([a], [b]) => compareBytes(hash('sha256', a), hash('sha256', b)))
  const pieces: Piece[] = []
  for (let start = 0; start < ordered.length;) {
    const end = Math.max(start + 1, Math.floor(((pieces.length + 1) * ordered.length) / segments))
    const sink = new MemorySink()
    const segment = new SegmentWriter(`blobs-${pieces.length}`, sink)
    for (const [id, bytes] of ordered.slice(start, end)) {
      const path = `blobs/${blobName(id)}`
      await segment.entry({ path, size: bytes.length, sha256: hash('sha256', bytes), kind: 'blob', file_id: id }, bytes)
    }
    pieces.push({ summary: await segment.finish(), bytes: sink.all() })
    start = end
  }
  return pieces
}
