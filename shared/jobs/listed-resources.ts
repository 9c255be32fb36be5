import { MAX_LISTED, quote } from '../values/message-text.ts'
import type { Unaccounted } from './export-result.ts'
import type { ListedResources } from './job-lists.ts'

/**
 * The largest size of a list, in bytes of JSON. The lists are stored in the item of a job, which can have at most 400
 * KB.
 */
const MAX_LISTED_BYTES = 14 * 1024

/** Returns the number of resources, and the first 100 resources (at most 14 KiB), for job items and responses. */
export const listedResources = (
  resources: ListedResources['resources'],
  count = resources.length,
): ListedResources => ({ count, resources: firstWithin(resources.slice(0, MAX_LISTED), MAX_LISTED_BYTES) })

/** Returns the first 100 items (at most 14 KiB), for job items and responses. */
export const listedItems = <Item extends Unaccounted['items'][number]>(items: readonly Item[]): Item[] =>
  firstWithin(items.slice(0, MAX_LISTED), MAX_LISTED_BYTES)

/** The number of resources in a message. */
const MAX_NAMED = 5

/**
 * Returns a string with the first five resources and their reasons, for messages. `count` is the number of all
 * resources.
 */
export const describeResources = (resources: ListedResources['resources'], count = resources.length): string => {
  const named = resources
    .slice(0, MAX_NAMED)
    .map(({ model, resource_id, reason }) => `${quote(resource_id)} of model ${model} (${reason})`)
  return `${named.join('; ')}${count > named.length ? '; …' : ''}`
}

/** Returns as many of the first elements as fit into `maxBytes` bytes of JSON. */
export const firstWithin = <T>(elements: readonly T[], maxBytes: number): T[] => {
  let bytes = 0
  const end = elements.findIndex((element) => (bytes += Buffer.byteLength(JSON.stringify(element))) > maxBytes)
  return elements.slice(0, end === -1 ? undefined : end)
}
