import { modelDigest } from '../archive/digest.ts'
import { type Manifest, type ManifestSegment, toManifestSegment } from '../archive/manifest.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { BlobPaths } from '../resources/blob-paths.ts'
import { countOf } from '../values/model-counts.ts'
import { compareBytes } from '../values/text-order.ts'
import { readBuckets } from './read-buckets.ts'
import type { RecordsSegment, WrittenSegment } from './segments.ts'

/**
 * Returns the value of the member `models` of a manifest. For each model, the counts of resources and revisions and the
 * digest are computed from its segments of records. The number of its blobs is computed from the results of all passes.
 * `blobPaths` contains the registered paths of references to blobs, by model. Models without registered paths are
 * absent.
 */
export const manifestModels = async (
  objects: ObjectStore,
  models: readonly string[],
  records: readonly RecordsSegment[],
  blobs: readonly { readonly models: Readonly<Record<string, number>> }[],
  blobPaths: Readonly<Record<string, BlobPaths>>,
): Promise<Manifest['models']> => {
  const entries: [string, Manifest['models'][string]][] = []
  for (const model of models) {
    const own = records
      .filter((segment) => segment.model === model)
      .sort((a, b) => compareBytes(a.summary.first_h ?? '', b.summary.first_h ?? ''))
    const buckets = await readBuckets(
      objects,
      own.map(({ digests }) => digests),
    )
    const paths = Object.hasOwn(blobPaths, model) ? blobPaths[model] : undefined
    entries.push([
      model,
      {
        resources: own.reduce((sum, { resources }) => sum + resources, 0),
        revisions: own.reduce((sum, { revisions }) => sum + revisions, 0),
        blobs: blobs.reduce((sum, result) => sum + countOf(result.models, model), 0),
        digest: modelDigest(buckets),
        ...(paths === undefined ? {} : { blob_paths: paths }),
      },
    ])
  }
  return Object.fromEntries(entries)
}

/**
 * Returns the value of the member `segments` of a manifest. The archive begins with the first segment, and the others
 * follow without gaps.
 */
export const manifestSegments = (written: readonly WrittenSegment[]): ManifestSegment[] => {
  let offset = 0
  return written.map(({ summary }) => {
    const segment = toManifestSegment(summary, offset)
    offset += summary.size
    return segment
  })
}
