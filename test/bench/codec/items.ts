import { itemFromMetadata, itemFromRevision } from '../../../shared/resources/attributes.ts'
import { loadModelsFile } from '../../../shared/resources/models.ts'
import { idHashOf } from '../../../shared/resources/keys.ts'
import { compareBytes } from '../../../shared/values/text-order.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { largeSample } from '../../large/sample.ts'

/** The items of one resource, as the store returns them. */
export interface StoredItems {
  readonly h: string
  readonly metadata: Item
  readonly revisions: readonly Item[]
}

export const MODEL = 'doc'

/** The documents of the large sample, in the order of an archive. Every benchmark process generates them again. */
export const documents = async (resources: number): Promise<StoredItems[]> => {
  const models = await loadModelsFile(new URL('../../../shared/models.json', import.meta.url))
  const target = { model: MODEL, shards: models.get(MODEL).shards }
  const made: StoredItems[] = []
  for (const { model, meta, revisions } of largeSample(models, { resources, blobBytes: 0 })) {
    if (model !== MODEL) continue
    made.push({
      h: idHashOf(meta.resource_id),
      metadata: itemFromMetadata(meta, target),
      revisions: revisions
        .map(({ info, payload }) => itemFromRevision(info, payload, target).item)
        .sort((a, b) => compareBytes(a['sk']?.S ?? '', b['sk']?.S ?? '')),
    })
  }
  return made.sort((a, b) => compareBytes(a.h, b.h))
}
