import pMap from 'p-map'
import type { ResourceKeys } from './aws/resource-keys.ts'
import type { ResourceStore } from './aws/resource-store.ts'
import { parsePartitionKey } from './partitions.ts'

/** A model, and the number of its shards that are checked. */
interface CheckedModel {
  readonly model: string
  readonly shards: number
}

/**
 * The number of read units per model after which the list of partitions is given up. Querying the partitions of an
 * empty model with 16 shards takes 32 units.
 */
const UNITS_PER_MODEL = 16
/** The number of models whose partitions are queried at the same time. Each has 16 requests at the same time. */
const PARALLEL_MODELS = 2

/**
 * Returns those of the models that have neither metadata nor revisions. Reads are strongly consistent. `others` are
 * models that are not searched. They are returned only if the search has found that they are empty.
 *
 * Several models are looked up in one list of all partitions of the table, which takes about one unit for each
 * partition that contains items. If the list would be too expensive, the partitions of each model are queried.
 */
export const emptyModels = async (
  models: readonly CheckedModel[],
  {
    resources,
    resourceKeys,
  }: {
    readonly resources: Pick<ResourceStore, 'isEmpty'>
    readonly resourceKeys: Pick<ResourceKeys, 'partitionKeys'>
  },
  others: readonly string[] = [],
): Promise<string[]> => {
  const partitions =
    models.length > 1 ? await resourceKeys.partitionKeys({ maxUnits: UNITS_PER_MODEL * models.length }) : undefined
  if (partitions !== undefined) {
    const filled = new Set(partitions.map((pk) => parsePartitionKey(pk)?.model))
    return [...models.map(({ model }) => model), ...others].filter((model) => !filled.has(model))
  }
  const empty = await pMap(models, ({ model, shards }) => resources.isEmpty(model, shards), {
    concurrency: PARALLEL_MODELS,
  })
  return models.flatMap(({ model }, k) => (empty[k] === true ? [model] : []))
}
