import { describe, expect, it } from 'vitest'
import type { ResourceKeys } from '../../shared/resources/aws/resource-keys.ts'
import type { ResourceStore } from '../../shared/resources/aws/resource-store.ts'
import { emptyModels } from '../../shared/resources/empty-models.ts'

/** A table that contains these partitions. Also returns the requests. */
const search = async (
  models: readonly string[],
  partitions: readonly string[],
  listUnits = partitions.length,
  others: readonly string[] = [],
) => {
  const requests: string[] = []
  const resources: Pick<ResourceStore, 'isEmpty'> = {
    isEmpty: (model, shards) => {
      requests.push(`${model} in ${shards} shards`)
      return Promise.resolve(!partitions.some((pk) => pk.startsWith(`${model}#`)))
    },
  }
  const resourceKeys: Pick<ResourceKeys, 'partitionKeys'> = {
    partitionKeys: ({ maxUnits = 0 }) => {
      requests.push('list')
      return Promise.resolve(listUnits > maxUnits ? undefined : [...partitions])
    },
  }
  const checked = models.map((model, k) => ({ model, shards: 16 * (k + 1) }))
  return { empty: await emptyModels(checked, { resources, resourceKeys }, others), requests }
}

describe('the search for empty models', () => {
  it('looks up several models in one list of the partitions', async () => {
    const { empty, requests } = await search(['a', 'b', 'c', 'd'], ['b#m#3', 'c#r#0', 'other', 'a#x#1', 'ab#m#1'])
    expect(empty).toEqual(['a', 'd'])
    expect(requests).toEqual(['list'])
  })

  it('queries the partitions of each model if the list would take more units', async () => {
    const { empty, requests } = await search(['a', 'b'], ['b#m#3'], 33)
    expect(empty).toEqual(['a'])
    expect(requests).toEqual(['list', 'a in 16 shards', 'b in 32 shards'])
  })

  it('queries the partitions of a single model without a list', async () => {
    expect(await search(['a'], [])).toEqual({ empty: ['a'], requests: ['a in 16 shards'] })
    expect(await search(['a'], ['a#r#15'])).toEqual({ empty: [], requests: ['a in 16 shards'] })
  })

  it('returns other models without items only if the list shows that they have none', async () => {
    const others = ['x', 'y']
    expect((await search(['a', 'b'], ['x#m#1'], 0, others)).empty).toEqual(['a', 'b', 'y'])
    expect((await search(['a', 'b'], ['x#m#1'], 33, others)).empty).toEqual(['a', 'b'])
    expect((await search(['a'], [], 0, others)).empty).toEqual(['a'])
  })

  it('requests nothing if there are no models', async () => {
    expect(await search([], ['a#m#0'])).toEqual({ empty: [], requests: [] })
  })
})
