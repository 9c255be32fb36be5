import { MAX_LISTED, quote } from '../values/message-text.ts'
import type { ListedResources, Unaccounted } from './job.ts'

/** Such a list is stored in the job's item, which holds 400 KB in all. */
const MAX_LISTED_BYTES = 14 * 1024

/** The number of resources and the first of them, as job items and responses list them: at most 100 and 14 KiB. */
export const listedResources = (
  resources: ListedResources['resources'],
  count = resources.length,
): ListedResources => ({ count, resources: firstWithin(resources.slice(0, MAX_LISTED), MAX_LISTED_BYTES) })

/** The first of the items, as job items and responses list them: at most 100 and 14 KiB. */
export const listedItems = <Item extends Unaccounted['items'][number]>(items: readonly Item[]): Item[] =>
  firstWithin(items.slice(0, MAX_LISTED), MAX_LISTED_BYTES)

const MAX_NAMED = 5

/** Names the first five resources with their reasons, for a message. `count` is the number of all of them. */
export const describeResources = (resources: ListedResources['resources'], count = resources.length): string => {
  const named = resources
    .slice(0, MAX_NAMED)
    .map(({ model, resource_id, reason }) => `${quote(resource_id)} of model ${model} (${reason})`)
  return `${named.join('; ')}${count > named.length ? '; …' : ''}`
}

/** The first elements whose JSON has at most `maxBytes` bytes in all. */
export const firstWithin = <T>(elements: readonly T[], maxBytes: number): T[] => {
  let bytes = 0
  const end = elements.findIndex((element) => (bytes += Buffer.byteLength(JSON.stringify(element))) > maxBytes)
  return elements.slice(0, end === -1 ? undefined : end)
}
