import { FewArchivePayloads } from '../../archive/archive-payloads.ts'
import type { OpenArchive } from '../../archive/archive.ts'
import { archivedRecords } from '../../archive/archived-records.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import { type ComparableResource, compareResources, type ResourceChanges } from '../../differences/compare-resources.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import type { Item } from '../../tables/item.ts'
import { archivedComparable, DEADLINE_REACHED, readUntil, RevisionBuffer, storedComparable } from './comparable.ts'

export interface CompareServices {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
}

/**
 * The comparison of an archived resource with the store as it is now:
 * - `same` and `changed`: the store contains the resource.
 * - `torn`: the store contains the metadata, but not the current revision.
 * - `without_metadata`: the store contains only revisions of the resource.
 * - `missing`: the store contains neither metadata nor revisions.
 * - `too_large`: the revisions have more than 32 MiB, so they were not compared.
 * - `not_compared`: the payloads could not be read before the deadline.
 */
export type CurrentDifference =
  | { readonly now: 'same' | 'missing' | 'too_large' | 'not_compared' }
  | ({ readonly now: 'changed' | 'torn' | 'without_metadata' } & ResourceChanges)

/**
 * Compares archived resources of one model with the store, and yields each resource with its difference, in the order
 * of the archive. Yields nothing for a resource that the archive does not contain. The changes lead from the stored
 * resource to the archived one. Reads only the indexes and chunks of the archive that contain the resources. One
 * resource is in memory. No payload is read after `deadline`, a time of `performance.now()`.
 */
export async function* currentDifferences(
  services: CompareServices,
  archive: OpenArchive,
  model: string,
  ids: readonly string[],
  deadline: number,
): AsyncGenerator<readonly [id: string, difference: CurrentDifference]> {
  const payloads = new FewArchivePayloads(archive)
  for await (const { id, metadata, revisions } of archivedResources(archive, model, ids)) {
    if (revisions.isTooLarge) yield [id, { now: 'too_large' }]
    else {
      const archived = archivedComparable(payloads, metadata, revisions.items)
      yield [id, await compareUntil(deadline, services, { model, id, archived })]
    }
  }
}

interface ArchivedResource {
  readonly id: string
  readonly metadata: Item
  readonly revisions: RevisionBuffer
}

async function* archivedResources(
  archive: OpenArchive,
  model: string,
  ids: readonly string[],
): AsyncGenerator<ArchivedResource> {
  const first = archive.segments.findIndex((segment) => segment.model === model)
  const last = archive.segments.findLastIndex((segment) => segment.model === model)
  if (first === -1) return
  let current: ArchivedResource | undefined
  for await (const batch of archivedRecords(archive, { first, last }, { ids })) {
    for (const record of batch) {
      // A resource with a faulty record cannot be restored, so it is not among the differences.
      if (record.fault !== undefined) continue
      if (record.kind === 'revision') {
        if (record.id === current?.id) current.revisions.add(record.item)
        continue
      }
      if (current !== undefined) yield current
      current = { id: record.id, metadata: record.item, revisions: new RevisionBuffer() }
    }
  }
  if (current !== undefined) yield current
}

interface Compared {
  readonly model: string
  readonly id: string
  readonly archived: ComparableResource
}

const compareUntil = async (
  deadline: number,
  services: CompareServices,
  { archived, ...compared }: Compared,
): Promise<CurrentDifference> => {
  try {
    return await compareWithStore(services, { ...compared, archived: readUntil(deadline, archived) }, deadline)
  } catch (error) {
    if (error === DEADLINE_REACHED) return { now: 'not_compared' }
    throw error
  }
}

const compareWithStore = async (
  services: CompareServices,
  { model, id, archived }: Compared,
  deadline: number,
): Promise<CurrentDifference> => {
  const { resources } = services
  const compare = async (
    metadata: Item | undefined,
    revisions: AsyncIterable<Item> | Iterable<Item>,
  ): Promise<ResourceChanges | undefined> => {
    const buffer = new RevisionBuffer()
    for await (const item of revisions) if (!buffer.add(item)) return undefined
    return compareResources(readUntil(deadline, storedComparable(services, metadata, buffer.items)), archived)
  }
  for await (const { metadata, revisions } of resources.resourcesById(model, [id], { onTorn: () => undefined })) {
    const changes = await compare(metadata, revisions)
    if (changes === undefined) return { now: 'too_large' }
    return changes.changes.length + changes.revisions.length === 0 ? { now: 'same' } : { now: 'changed', ...changes }
  }
  // A resource without metadata or without its current revision is not returned.
  const metadata = await resources.getMetadata(model, id)
  if (metadata === undefined && (await resources.revisionKeysOf(model, id)).length === 0) return { now: 'missing' }
  const changes = await compare(metadata, resources.revisionsOf(model, id))
  if (changes === undefined) return { now: 'too_large' }
  return { now: metadata === undefined ? 'without_metadata' : 'torn', ...changes }
}
