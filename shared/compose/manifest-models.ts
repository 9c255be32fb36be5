import { decodeBuckets, modelDigest } from '../archive/digest.ts'
import type { Manifest } from '../archive/manifest.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { countOf } from '../values/model-counts.ts'
import { compareBytes } from '../values/text-order.ts'
import type { RecordsSegment } from './segments.ts'

/** The manifest's row of each model, computed from the results of its segments. */
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

/** The ids of missing blobs of all passes, each once, sorted by UTF-8 bytes. */
export const missingBlobs = async (
  objects: ObjectStore,
  results: readonly { readonly missing_list?: PinnedObject }[],
): Promise<string[]> => {
  const ids: string[] = []
  for (const { missing_list } of results) {
    if (missing_list === undefined) continue
    const bytes = await objects.readBytes(missing_list, 0, missing_list.size)
    // A call cannot have hundreds of thousands of arguments.
    for (const id of JSON.parse(bytes.toString()) as string[]) ids.push(id)
  }
  // The section of every model that refers to a blob contains it, so a missing blob may be listed several times.
  return [...new Set(ids)].sort(compareBytes)
}
