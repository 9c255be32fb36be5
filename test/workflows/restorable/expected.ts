import { isDeepStrictEqual } from 'node:util'
import { RecordInvalidError } from '../../../shared/archive/errors.ts'
import { checkRevision, metadataFault, type RecordOrigin } from '../../../shared/archive/record-faults.ts'
import { encodeLine } from '../../../shared/archive/record-line.ts'
import { metadataPartition, revisionPartition } from '../../../shared/resources/keys.ts'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import { blobFieldsOf } from '../../../shared/resources/revision-references.ts'
import { type Item, type Key, keyOf, sortKeyOf } from '../../../shared/tables/item.ts'
import { type DrawnResource, sha256Of } from './drawn-resource.ts'

/** A resource that must be left out, with the key of the item that has the fault. */
interface ExpectedFault {
  readonly model: string
  readonly resource_id: string
  readonly key: Key
}

/** What an export of a store, or a restore of a foreign archive, must contain. */
export interface Expected {
  readonly kept: readonly KeptResource[]
  readonly leftOut: readonly ExpectedFault[]
  /** File ids to which kept resources refer. */
  readonly fileIds: ReadonlySet<string>
}

interface KeptResource {
  readonly model: string
  readonly metadata: Item
  readonly revisions: readonly Item[]
}

/**
 * Judges every resource with the validators of `shared/archive/record-faults.ts`, and by the rules for torn resources
 * and missing payloads. A resource whose metadata item has a key that no job reads is neither kept nor left out.
 */
export const expectedOf = (
  resources: readonly DrawnResource[],
  registry: ModelRegistry,
  origin: RecordOrigin = 'store',
): Expected => {
  const kept: KeptResource[] = []
  const leftOut: ExpectedFault[] = []
  const fileIds = new Set<string>()
  for (const resource of resources) {
    const found = origin === 'store' ? findItems(resource, registry) : resource
    if (found === undefined) continue
    const { model, metadata, revisions, payloads } = found
    const references = new Set<string>()
    const faulty = firstFaulty(
      metadata,
      revisions,
      (item) => {
        const checked = checkRevision(item, payloadOf(item, payloads), origin, blobFieldsOf(registry.get(model)))
        if (checked.fault === undefined) for (const id of checked.references.fileIds) references.add(id)
        return checked.fault
      },
      origin,
    )
    if (faulty === undefined && metadata !== undefined) {
      kept.push({ model, metadata, revisions })
      for (const id of references) fileIds.add(id)
      continue
    }
    leftOut.push(faultOf(model, metadata, faulty ?? {}))
    // If metadata in an archive have the id of another resource, they are a fault of one resource, and the revisions
    // are a fault of another.
    const [first] = revisions
    const otherId = metadata?.['resource_id']?.S
    if (
      origin === 'archive' &&
      otherId !== undefined &&
      first !== undefined &&
      !sortKeyOf(first).includes(`/${otherId}/`)
    )
      leftOut.push(faultOf(model, undefined, first))
  }
  return { kept, leftOut, fileIds }
}

const faultOf = (model: string, metadata: Item | undefined, faulty: Item): ExpectedFault => ({
  model,
  resource_id: (metadata ?? faulty)['resource_id']?.S ?? sortKeyOf(metadata ?? faulty).split('/')[1] ?? '',
  key: keyOf(faulty),
})

/** Returns the first item of a resource because of which the resource cannot be restored. */
const firstFaulty = (
  metadata: Item | undefined,
  revisions: readonly Item[],
  revisionFault: (item: Item) => string | undefined,
  origin: RecordOrigin,
): Item | undefined => {
  if (metadata === undefined) return revisions[0]
  if (metadataFault(metadata, origin) !== undefined || isTooLong(metadata)) return metadata
  const isTorn = !revisions.some((item) => isDeepStrictEqual(item['revision_id'], metadata['current_revision_id']))
  if (isTorn) return metadata
  return revisions.find((item) => revisionFault(item) !== undefined || isTooLong(item))
}

/** Returns the items that an export reads. Undefined if it does not read the metadata. */
const findItems = (resource: DrawnResource, registry: ModelRegistry): DrawnResource | undefined => {
  const { model, metadata } = resource
  if (metadata === undefined) return undefined
  const { shards } = registry.get(model)
  const sk = sortKeyOf(metadata)
  // Each shard is read from its first id hash to that of the next shard. `g` is greater than all id hashes.
  const border = (shard: number): string =>
    shard === shards ? 'g' : ((shard * 0x10000) / shards).toString(16).padStart(4, '0')
  const shard = Array.from({ length: shards }, (_, k) => k).find((k) => border(k) <= sk && sk < border(k + 1))
  if (shard === undefined || metadata['pk']?.S !== metadataPartition(model, shard)) return undefined
  const pk = revisionPartition(model, shard)
  const revisions = resource.revisions.filter((item) => item['pk']?.S === pk && sortKeyOf(item).startsWith(`${sk}/`))
  return { ...resource, revisions }
}

/** Returns the payload of a revision. Undefined if it is missing or damaged. */
export const payloadOf = (
  { data, data_spilled, data_sha256 }: Item,
  payloads: ReadonlyMap<string, { readonly bytes: Buffer }>,
): string | Uint8Array | undefined => {
  const inline = data?.S ?? data?.B
  if (inline !== undefined) return inline
  const sha256 = data_sha256?.S ?? ''
  const spilled = data_spilled?.BOOL === true ? payloads.get(`payloads/${sha256}`)?.bytes : undefined
  return spilled === undefined || sha256Of(spilled) !== sha256 ? undefined : spilled
}

const isTooLong = (item: Item): boolean => {
  try {
    encodeLine(item)
    return false
  } catch (error) {
    if (error instanceof RecordInvalidError) return true
    throw error
  }
}

const NOT_COMPARED = ['applied_by', 'created_at', 'updated_at', 'data', 'data_spilled']

/**
 * Returns items by key without the attributes that a restore derives. The payload of a revision is replaced with its
 * SHA-256, because a restore may spill a payload that was not spilled before.
 */
export const comparableItems = (
  items: Iterable<Item>,
  payloads: ReadonlyMap<string, { readonly bytes: Buffer }>,
): Map<string, unknown> =>
  new Map(
    [...items]
      .map((item): [string, unknown] => {
        const pk = item['pk']?.S ?? ''
        const isRevision = pk.includes('#r#')
        const payload = isRevision ? payloadOf(item, payloads) : undefined
        const attributes = Object.entries(item).filter(([name]) => !isRevision || !NOT_COMPARED.includes(name))
        const own = isRevision ? attributes : attributes.filter(([name]) => !NOT_COMPARED.slice(0, 3).includes(name))
        return [
          `${pk} ${sortKeyOf(item)}`,
          { ...Object.fromEntries(own), ...(payload === undefined ? {} : { payload: sha256Of(payload) }) },
        ]
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
