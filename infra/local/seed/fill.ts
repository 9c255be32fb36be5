import { createHash } from 'node:crypto'
import pMap from 'p-map'
import { RevisionView } from '../../../shared/resources/views.ts'
import { itemFromMetadata, itemFromRevision } from '../../../shared/resources/attributes.ts'
import { cities } from './cities.ts'
import { countries } from './countries.ts'
import type { LocalStores } from '../stores/local-stores.ts'
import type { SampleBlob, SampleResource } from './sample.ts'

/** What was written, each blob counted once. */
export interface Filled {
  readonly resources: number
  readonly items: number
  readonly blobs: number
  readonly bytes: number
}

/** Resources under way at once: enough to fill the writer's batches. */
const AT_ONCE = 500

type Stores = Pick<LocalStores, 'models' | 'resources' | 'blobs' | 'payloads'>

/**
 * Writes the sample data, of the cities no more than `most`. `onResource` is told how many resources are written. Repeating it
 * changes nothing.
 */
export const fill = async (stores: Stores, onResource: (done: number) => void, most = Infinity): Promise<Filled> => {
  // Countries first: cities refer to them.
  const first = await fillWith(stores, countries(stores.models.get('country')), onResource)
  const then = await fillWith(stores, cities(stores.models.get('city')).take(most), (done) => {
    onResource(first.resources + done)
  })
  return {
    resources: first.resources + then.resources,
    items: first.items + then.items,
    blobs: first.blobs + then.blobs,
    bytes: first.bytes + then.bytes,
  }
}

/** Writes these resources, each with its history and blobs. */
export const fillWith = async (
  { models, resources: store, blobs, payloads }: Stores,
  samples: Iterable<SampleResource>,
  onResource: (done: number) => void,
): Promise<Filled> => {
  const writer = store.writer()
  const written = new Map<string, Promise<unknown>>()
  const filled = { resources: 0, items: 0, blobs: 0, bytes: 0 }
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
    filled.blobs += 1
    filled.bytes += bytes.length
  }
  const putResource = async ({ model, meta, revisions, blobs: named }: SampleResource): Promise<void> => {
    const target = { model, shards: models.get(model).shards }
    await Promise.all(named.map(putBlob))
    // As a restore does: whoever reads meanwhile sees no metadata whose revisions or blobs are missing.
    await Promise.all(
      revisions.map(async ({ info, payload }) => {
        const { item, spilled } = itemFromRevision(info, payload, target)
        if (spilled !== undefined) await payloads.put(new RevisionView(item).dataSha256 ?? '', spilled)
        await writer.put(item)
        filled.bytes += payload.length
      }),
    )
    await writer.put(itemFromMetadata(meta, target))
    filled.resources += 1
    filled.items += 1 + revisions.length
    onResource(filled.resources)
  }
  await pMap(samples, putResource, { concurrency: AT_ONCE })
  await writer.drain()
  return filled
}
