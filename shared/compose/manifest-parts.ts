import { decodeBuckets, modelDigest } from '../archive/digest.ts'
import { type Manifest, type ManifestSegment, toManifestSegment } from '../archive/manifest.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { countOf } from '../values/model-counts.ts'
import { compareBytes } from '../values/text-order.ts'
import type { RecordsSegment, WrittenSegment } from './segments.ts'

/** `models` of a manifest, computed from the records segments of each model and the blob counts of all passes. */
export const manifestModels = async (
  objects: ObjectStore,
  models: readonly string[],
  records: readonly RecordsSegment[],
  blobs: readonly { readonly models: Readonly<Record<string, number>> }[],
): Promise<Manifest['models']> => {
  const entries: [string, Manifest['models'][string]][] = []
  for (const model of models) {
    const own = records
      .filter((segment) => segment.model === model)
      .sort((a, b) => compareBytes(a.summary.first_h ?? '', b.summary.first_h ?? ''))
    const buckets = []
    for (const { digests } of own) {
      buckets.push(...decodeBuckets(await objects.readBytes(digests, 0, digests.size)))
    }
    entries.push([
      model,
      {
        resources: own.reduce((sum, { resources }) => sum + resources, 0),
        revisions: own.reduce((sum, { revisions }) => sum + revisions, 0),
        blobs: blobs.reduce((sum, result) => sum + countOf(result.models, model), 0),
        digest: modelDigest(buckets),
      },
    ])
  }
  return Object.fromEntries(entries)
}

/** `segments` of a manifest: the segments in the order of the archive, which begins with the first one. */
export const manifestSegments = (written: readonly WrittenSegment[]): ManifestSegment[] => {
  let offset = 0
  return written.map(({ summary }) => {
    const segment = toManifestSegment(summary, offset)
    offset += summary.size
    return segment
  })
}
