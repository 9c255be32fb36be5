import { createHash } from 'node:crypto'
import pMap from 'p-map'
import { RevisionView } from '../../../shared/resources/views.ts'
import { itemFromMetadata, itemFromRevision } from '../../../shared/resources/attributes.ts'
import { cities } from './cities.ts'
import { countries } from './countries.ts'
import type { LocalStores } from '../stores/local-stores.ts'
import type { SampleBlob, SampleResource } from './sample.ts'

/** The counts of what was written. A blob to which several resources refer is counted once. */
interface SeedResult {
  readonly resources: number
  readonly items: number
  readonly blobs: number
  /** The size of all payloads and blobs. */
  readonly bytes: number
}

/** The number of resources that are written at the same time. Many are needed to fill the batches of the writer. */
const CONCURRENCY = 500

type Stores = Pick<LocalStores, 'models' | 'resources' | 'blobs' | 'payloads'>

/**
 * Writes the sample data, with at most `maxCities` cities. Calls `onProgress` with the number of resources that have
 * been written. The sample data is always the same, so a second call does not change the store.
 */
export const seedStore = async (
  stores: Stores,
  onProgress: (resources: number) => void,
  maxCities = Infinity,
): Promise<SeedResult> => {
  // Countries are written first, because cities refer to them.
  const first = await writeResources(stores, countries(stores.models.get('country')), onProgress)
  const second = await writeResources(stores, cities(stores.models.get('city')).take(maxCities), (resources) => {
    onProgress(first.resources + resources)
  })
  return {
    resources: first.resources + second.resources,
    items: first.items + second.items,
    blobs: first.blobs + second.blobs,
    bytes: first.bytes + second.bytes,
  }
}

/** Writes resources with their revisions and blobs. */
export const writeResources = async (
  { models, resources: store, blobs, payloads }: Stores,
  samples: Iterable<SampleResource>,
  onProgress: (resources: number) => void,
): Promise<SeedResult> => {
  const writer = store.writer()
  const written = new Map<string, Promise<unknown>>()
  const result = { resources: 0, items: 0, blobs: 0, bytes: 0 }
  const putBlob = async ({ file_id, bytes, content_type }: SampleBlob): Promise<void> => {
    const earlier = written.get(file_id)
    if (earlier !== undefined) {
      await earlier
      return
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const type = content_type === undefined ? {} : { content_type }
    const put = blobs.put(file_id, bytes, { size: bytes.length, sha256, ...type })
    written.set(file_id, put)
    await put
    result.blobs += 1
    result.bytes += bytes.length
  }
  const putResource = async ({ model, meta, revisions, blobs: ownBlobs }: SampleResource): Promise<void> => {
    const target = { model, shards: models.get(model).shards }
    await Promise.all(ownBlobs.map(putBlob))
    // As in a restore, the metadata is written after the blobs and revisions, so that everything to which it refers
    // exists.
    await Promise.all(
      revisions.map(async ({ info, payload }) => {
        const { item, spilled } = itemFromRevision(info, payload, target)
        if (spilled !== undefined) await payloads.put(new RevisionView(item).dataSha256 ?? '', spilled)
        await writer.put(item)
        result.bytes += payload.length
      }),
    )
    await writer.put(itemFromMetadata(meta, target))
    result.resources += 1
    result.items += 1 + revisions.length
    onProgress(result.resources)
  }
  await pMap(samples, putResource, { concurrency: CONCURRENCY })
  await writer.drain()
  return result
}
