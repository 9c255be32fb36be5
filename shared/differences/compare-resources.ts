import { canonicalJson, isInDigest } from '../archive/canonical-json.ts'
import { currentRevision, MetadataView, RevisionView } from '../resources/views.ts'
import { type Item, sortKeyOf } from '../tables/item.ts'
import { compareBytes } from '../values/text-order.ts'
import { compareValues, type ValueChange } from './compare-values.ts'
import { encodedTrees, type Encoded } from './encoded-trees.ts'
import { itemTree, opaqueBytes, opaqueTree, type Tree, type TreeMap, treeMap } from './value-tree.ts'

/** A resource of an archive or of a store. */
export interface ComparableResource {
  /** Undefined if the resource consists of revisions only. */
  readonly metadata: Item | undefined
  readonly revisions: readonly Item[]
  /** Returns the payload of a revision, or undefined if it is missing. Called only for payloads that differ. */
  readonly payloadOf: (revision: RevisionView) => Promise<Encoded | undefined>
  /** Returns the SHA-256 of the payload of a revision, in hex, or undefined if the payload is missing. */
  readonly payloadSha256: (revision: RevisionView) => Promise<string | undefined>
}

/** A revision that only one of the two resources has, or that differs. */
interface RevisionChange {
  readonly op: ValueChange['op']
  readonly revision_id: string
  /** Absent if the revision has no schema version. */
  readonly schema_version?: string
  /**
   * The changes of the attributes (`revision`, …), and of the payload (`payload`, …) unless it is the current payload
   * of both resources. Empty unless `op` is `replace`.
   */
  readonly changes: readonly ValueChange[]
}

export interface ResourceChanges {
  /** The changes of the metadata (`metadata`, …) and of the payload of the current revision (`payload`, …). */
  readonly changes: readonly ValueChange[]
  /** In the order of their sort keys. */
  readonly revisions: readonly RevisionChange[]
}

/**
 * Compares two versions of a resource. Returns no change if and only if both have the same digest and the same
 * payloads. Attributes that a restore derives, such as keys and `applied_by`, are not compared.
 */
export const compareResources = async (old: ComparableResource, next: ComparableResource): Promise<ResourceChanges> => {
  const [oldCurrent, newCurrent] = [currentOf(old), currentOf(next)]
  const [oldMetadata, newMetadata] = metadataTrees(old.metadata, next.metadata)
  const [oldPayload, newPayload] = await payloadTrees([old, oldCurrent], [next, newCurrent])
  const changes = compareValues(
    present({ metadata: oldMetadata, payload: oldPayload }),
    present({ metadata: newMetadata, payload: newPayload }),
  )
  const isCurrent = (sk: string): boolean => sk === oldCurrent?.sortKey && sk === newCurrent?.sortKey
  return { changes, revisions: await compareRevisions(old, next, isCurrent) }
}

const currentOf = ({ metadata, revisions }: ComparableResource): RevisionView | undefined =>
  metadata === undefined ? undefined : currentRevision(new MetadataView(metadata), revisions)

const metadataTrees = (old: Item | undefined, next: Item | undefined): readonly [old: TreeMap, next: TreeMap] => {
  // `indexed_data` contains JSON, so its members are compared.
  const [oldIndexed, newIndexed] = encodedTrees(indexedDataOf(old), indexedDataOf(next))
  return distinctTrees(old, next, [
    present({ ...attributesOf(old), ...present({ indexed_data: oldIndexed }) }),
    present({ ...attributesOf(next), ...present({ indexed_data: newIndexed }) }),
  ])
}

/** Returns the attributes that are part of the digest. An item that does not exist has no attributes. */
const attributesOf = (item: Item | undefined): TreeMap => itemTree(item ?? {}, isInDigest)

const indexedDataOf = (item: Item | undefined): string | undefined =>
  item === undefined ? undefined : new MetadataView(item).indexedData

/**
 * Returns the trees of two items. If the items differ, but their trees are equal, for example because a list in one
 * item is a set in the other, the trees contain only the size and hash of the items.
 */
const distinctTrees = (
  old: Item | undefined,
  next: Item | undefined,
  trees: readonly [old: TreeMap, next: TreeMap],
): readonly [old: TreeMap, next: TreeMap] => {
  if (old === undefined || next === undefined) return trees
  const [oldJson, newJson] = [canonicalJson(old), canonicalJson(next)]
  if (oldJson === newJson || compareValues(...trees).length > 0) return trees
  return [
    present({ item: opaqueTree(opaqueBytes('encoding', oldJson)) }),
    present({ item: opaqueTree(opaqueBytes('encoding', newJson)) }),
  ]
}

/** Returns two payloads as trees. If both are equal, there are no trees, because the payloads need not be read. */
const payloadTrees = async (
  [old, oldRevision]: readonly [ComparableResource, RevisionView | undefined],
  [next, newRevision]: readonly [ComparableResource, RevisionView | undefined],
): Promise<readonly [old: Tree | undefined, next: Tree | undefined]> => {
  const oldSha256 = oldRevision === undefined ? undefined : await old.payloadSha256(oldRevision)
  const newSha256 = newRevision === undefined ? undefined : await next.payloadSha256(newRevision)
  if (oldSha256 === newSha256) return [undefined, undefined]
  return encodedTrees(
    oldRevision === undefined ? undefined : await old.payloadOf(oldRevision),
    newRevision === undefined ? undefined : await next.payloadOf(newRevision),
  )
}

const compareRevisions = async (
  old: ComparableResource,
  next: ComparableResource,
  isCurrent: (sortKey: string) => boolean,
): Promise<RevisionChange[]> => {
  const [oldItems, newItems] = [bySortKey(old), bySortKey(next)]
  const changed: RevisionChange[] = []
  for (const sortKey of [...new Set([...oldItems.keys(), ...newItems.keys()])].sort(compareBytes)) {
    const [oldItem, newItem] = [oldItems.get(sortKey), newItems.get(sortKey)]
    if (newItem === undefined) changed.push({ op: 'remove', ...nameOf(oldItem), changes: [] })
    else if (oldItem === undefined) changed.push({ op: 'add', ...nameOf(newItem), changes: [] })
    else {
      const revisions = [new RevisionView(oldItem), new RevisionView(newItem)] as const
      const payloads = isCurrent(sortKey) ? [] : await payloadTrees([old, revisions[0]], [next, revisions[1]])
      const [oldTree, newTree] = distinctTrees(oldItem, newItem, [attributesOf(oldItem), attributesOf(newItem)])
      const changes = compareValues(
        present({ revision: oldTree, payload: payloads[0] }),
        present({ revision: newTree, payload: payloads[1] }),
      )
      if (changes.length > 0) changed.push({ op: 'replace', ...nameOf(newItem), changes })
    }
  }
  return changed
}

const bySortKey = ({ revisions }: ComparableResource): ReadonlyMap<string, Item> =>
  new Map(revisions.map((item) => [sortKeyOf(item), item]))

const nameOf = (item: Item | undefined): Pick<RevisionChange, 'revision_id' | 'schema_version'> => {
  const { revisionId = '', schemaVersion } = new RevisionView(item ?? {})
  return { revision_id: revisionId, ...(schemaVersion === undefined ? {} : { schema_version: schemaVersion }) }
}

/** Returns a map of the members that are not undefined. */
const present = (members: Readonly<Record<string, Tree | undefined>>): TreeMap =>
  treeMap(
    Object.entries(members).flatMap(([key, tree]) => (tree === undefined ? [] : [[key, tree] as const])),
    (tree) => tree,
  )
