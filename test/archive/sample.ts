import { hash } from 'node:crypto'
import { type BucketDigest, modelDigest } from '../../shared/archive/digest.ts'
import {
  encodeManifest,
  type Manifest,
  type ManifestSegment,
  toManifestSegment,
} from '../../shared/archive/manifest.ts'
import { type ChunkLimits, RecordsWriter } from '../../shared/archive/records-writer.ts'
import { SegmentWriter, type SegmentSummary } from '../../shared/archive/segment-writer.ts'
import { encodeLeftOut, type LeftOut, type UnrestorableStoredResource } from '../../shared/archive/left-out.ts'
import { encodeTail } from '../../shared/archive/tail.ts'
import { blobName } from '../../shared/blobs/blob-name.ts'
import type { Item } from '../../shared/tables/item.ts'
import { metadataKey, idHashOf, revisionKey } from '../../shared/resources/keys.ts'
import { compareBytes } from '../../shared/values/text-order.ts'
import { MemorySink } from './memory.ts'

export interface SampleResource {
  readonly id: string
  readonly revisions: readonly { readonly n: number; readonly data: string | Uint8Array }[]
  readonly extra?: Item
}

/** An archive to write: resources by model, blobs by file id, and the number of shards in the keys. */
export interface SampleArchive {
  readonly models: Readonly<Record<string, readonly SampleResource[]>>
  readonly blobs?: Readonly<Record<string, Buffer>>
  readonly shards?: number
  readonly limits?: ChunkLimits
  readonly leftOut?: readonly UnrestorableStoredResource[]
}

/** The items of a resource in a store: metadata, and revisions by `sk`. */
export const itemsOf = (
  model: string,
  { id, revisions, extra = {} }: SampleResource,
  shards = 16,
): { metadata: Item; revisions: Item[] } => {
  const last = revisions.at(-1)?.n ?? 0
  const key = (k: { pk: string; sk: string }): Item => ({ pk: { S: k.pk }, sk: { S: k.sk } })
  const items = revisions.map(({ n, data }): Item => {
    const bytes = Buffer.from(data)
    return {
      ...key(revisionKey(model, id, `${id}:${n}`, undefined, shards)),
      resource_id: { S: id },
      revision_id: { S: `${id}:${n}` },
      schema_version: { NULL: true },
      data: typeof data === 'string' ? { S: data } : { B: data },
      data_sha256: { S: hash('sha256', bytes) },
      data_size: { N: `${bytes.length}` },
    }
  })
  return {
    metadata: {
      ...key(metadataKey(model, id, shards)),
      resource_id: { S: id },
      current_revision_id: { S: `${id}:${last}` },
      total_revision_count: { N: `${last}` },
      is_deleted: { BOOL: false },
      ...extra,
    },
    revisions: items.sort((a, b) => compareBytes(a['sk']?.S ?? '', b['sk']?.S ?? '')),
  }
}

/** Writes an archive with the product's writers: one segment for each model, and one for the blobs. */
export const writeArchive = async ({
  models,
  blobs = {},
  shards = 16,
  limits,
  leftOut = [],
}: SampleArchive): Promise<Buffer> => {
  const segments: { summary: SegmentSummary; bytes: Buffer }[] = []
  const counts: Record<string, Manifest['models'][string]> = {}
  const names = Object.keys(models).sort(compareBytes)
  for (const [k, model] of names.entries()) {
    const resources = [...(models[model] ?? [])].sort(
      (a, b) => compareBytes(idHashOf(a.id), idHashOf(b.id)) || compareBytes(a.id, b.id),
    )
    let buckets: readonly BucketDigest[] = []
    let revisions = 0
    if (resources.length > 0) {
      const sink = new MemorySink()
      const segment = new SegmentWriter(`m-${k}`, sink, model)
      const writer =
        limits === undefined ? new RecordsWriter(segment, model) : new RecordsWriter(segment, model, limits)
      for (const resource of resources) {
        const items = itemsOf(model, resource, shards)
        await writer.begin(items.metadata, idHashOf(resource.id))
        for (const item of items.revisions) await writer.revision(item)
        await writer.end()
      }
      const summary = await writer.finish()
      buckets = summary.buckets
      revisions = summary.revisions
      segments.push({ summary: await segment.finish(), bytes: sink.all() })
    }
    counts[model] = { resources: resources.length, revisions, blobs: 0, digest: modelDigest(buckets) }
  }
  const ids = Object.keys(blobs).sort((a, b) => compareBytes(hash('sha256', a), hash('sha256', b)))
  if (ids.length > 0) segments.push(await blobSegment(ids, blobs))
  let offset = 0
  const placed: ManifestSegment[] = segments.map(({ summary }) => {
    const segment = toManifestSegment(summary, offset)
    offset += summary.size
    return segment
  })
  const list = leftOut.length === 0 ? undefined : await encodeLeftOut(leftOut)
  const manifest: Manifest = {
    ...MANIFEST,
    ...(list === undefined ? {} : { complete: false, left_out: leftOutMember(leftOut, list, offset) }),
    scope: { models: names, filters: {} },
    models: counts,
    blobs: { count: ids.length, bytes: Object.values(blobs).reduce((sum, { length }) => sum + length, 0) },
    segments: placed,
  }
  const tail = await encodeTail(encodeManifest(manifest), offset, list?.content)
  return Buffer.concat([...segments.map(({ bytes }) => bytes), tail])
}

const leftOutMember = (
  resources: readonly UnrestorableStoredResource[],
  { content, unpacked_size }: { readonly content: Buffer; readonly unpacked_size: number },
  offset: number,
): LeftOut => ({
  count: resources.length,
  resources: resources.slice(0, 1_000),
  list: { offset: offset + 512, size: content.length, sha256: hash('sha256', content), unpacked_size },
})

/** Members that the manifests of all samples have in common. */
export const MANIFEST: Manifest = {
  format: 'acbak',
  version: 3,
  job_id: 'sample',
  created_at: '2026-03-01T00:00:09.500Z',
  source: { deployment: 'test', region: 'eu-central-1' },
  scope: { models: [], filters: {} },
  started_at: '2026-03-01T00:00:00.000Z',
  next_since: '2026-02-28T23:45:00.000Z',
  complete: true,
  missing_blobs: [],
  models: {},
  blobs: { count: 0, bytes: 0 },
  segments: [],
}

/** Writes every second blob as a range of a stored object. */
const blobSegment = async (
  ids: readonly string[],
  blobs: Readonly<Record<string, Buffer>>,
): Promise<{ summary: SegmentSummary; bytes: Buffer }> => {
  const sink = new MemorySink(new Map(Object.entries(blobs)))
  const segment = new SegmentWriter('blobs-0', sink)
  for (const [k, id] of ids.entries()) {
    const bytes = blobs[id] ?? Buffer.alloc(0)
    const entry = {
      path: `blobs/${blobName(id)}`,
      size: bytes.length,
      sha256: hash('sha256', bytes),
      kind: 'blob' as const,
      file_id: id,
    }
    if (k % 2 === 0) await segment.entry(entry, bytes)
    else
      await segment.object(entry, {
        object: { bucket: 'b', key: id, size: bytes.length, etag: 'e' },
        start: 0,
        length: bytes.length,
      })
  }
  return { summary: await segment.finish(), bytes: sink.all() }
}
