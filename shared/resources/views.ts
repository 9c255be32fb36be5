import { plainNumber } from '../values/number-text.ts'
import { type Item, type Key, keyOf, sortKeyOf } from '../tables/item.ts'
import { idHashIn } from './keys.ts'

/** The value of an attribute of type S, N, BOOL or NULL. Integers are `bigint`. Other numbers are `number`. */
type PlainValue = string | bigint | number | boolean | null

/**
 * Typed access to the fields that metadata items and revision items have in common. `STORE.md` describes every field. A
 * view is cheap to create, because it copies no fields.
 *
 * Even a required field can be missing, because other programs also write items. The value of a missing field is
 * undefined. Only the key and `resourceId` are then empty strings.
 */
abstract class ItemView {
  readonly item: Item

  constructor(item: Item) {
    this.item = item
  }

  get key(): Key {
    return keyOf(this.item)
  }

  get sortKey(): string {
    return sortKeyOf(this.item)
  }

  /** The id hash at the start of the sort key. */
  get idHash(): string {
    return idHashIn(this.sortKey)
  }

  get resourceId(): string {
    return this.item['resource_id']?.S ?? ''
  }

  /** Undefined if the attribute is absent or NULL, which both mean that there is no schema version. */
  get schemaVersion(): string | undefined {
    return this.item['schema_version']?.S
  }

  /** ISO 8601, as SpecStar wrote it. */
  get createdTime(): string | undefined {
    return this.item['created_time']?.S
  }

  /** ISO 8601, as SpecStar wrote it. */
  get updatedTime(): string | undefined {
    return this.item['updated_time']?.S
  }

  get createdBy(): string | undefined {
    return this.item['created_by']?.S
  }

  get updatedBy(): string | undefined {
    return this.item['updated_by']?.S
  }

  /** The id of the restore job that wrote the item. Undefined if another program wrote the item. */
  get appliedBy(): string | undefined {
    return this.item['applied_by']?.S
  }
}

/** Typed access to a metadata item: `new MetadataView(item).currentRevisionId`. */
export class MetadataView extends ItemView {
  get currentRevisionId(): string | undefined {
    return this.item['current_revision_id']?.S
  }

  /** The number of revisions that were ever created. NaN if the field is missing. */
  get totalRevisionCount(): number {
    return Number(this.item['total_revision_count']?.N)
  }

  get isDeleted(): boolean {
    return this.item['is_deleted']?.BOOL ?? false
  }

  /** The indexed values as a JSON string. */
  get indexedData(): string | undefined {
    return this.item['indexed_data']?.S
  }

  /** The `updated_time` of the current revision, ISO 8601. Undefined in items of old versions of SpecStar. */
  get revUpdatedTime(): string | undefined {
    return this.item['rev_updated_time']?.S
  }

  /** Returns the value of an attribute of type S. Returns undefined if the attribute is absent or has another type. */
  text(name: string): string | undefined {
    return this.item[name]?.S
  }

  /**
   * Returns the value of an attribute of type S, N, BOOL or NULL. Returns undefined if the attribute is absent or has
   * another type.
   */
  value(name: string): PlainValue | undefined {
    const value = this.item[name]
    if (value?.S !== undefined) return value.S
    if (value?.N !== undefined) return numberOf(value.N)
    if (value?.BOOL !== undefined) return value.BOOL
    return value?.NULL === true ? null : undefined
  }
}

/** Typed access to a revision item: `new RevisionView(item).parentRevisionId`. */
export class RevisionView extends ItemView {
  get revisionId(): string | undefined {
    return this.item['revision_id']?.S
  }

  /** Undefined if the attribute is absent or NULL, which both mean that the revision has no parent. */
  get parentRevisionId(): string | undefined {
    return this.item['parent_revision_id']?.S
  }

  /**
   * The SHA-256 of the payload in hex, as stored in the item. It may be wrong, because it has not been compared with
   * the payload.
   */
  get dataSha256(): string | undefined {
    return this.item['data_sha256']?.S
  }

  /** The payload that the item contains. Undefined if the payload is spilled or missing. */
  get inlinePayload(): string | Uint8Array | undefined {
    const data = this.item['data']
    return data?.S ?? data?.B
  }

  /** The SHA-256 of the spilled payload, which is part of its object key. Undefined if the payload is not spilled. */
  get spilledSha256(): string | undefined {
    return this.item['data_spilled']?.BOOL === true && this.inlinePayload === undefined ? this.dataSha256 : undefined
  }

  /**
   * The size of the payload according to `data_size`, in bytes. 0 if the payload is spilled, and not part of the item.
   */
  get inlineSize(): number {
    return this.item['data_spilled'] === undefined ? Number(this.item['data_size']?.N ?? 0) : 0
  }
}

/** Returns the bytes of a spilled payload. */
type ReadSpilled = (sha256: string) => Promise<Uint8Array | undefined>

/**
 * Returns the payload of a revision from its item. If the payload is spilled, returns the result of `readSpilled`. If
 * the item has neither a payload nor a reference to a spilled payload, returns undefined.
 */
export const payloadOf = async (
  revision: RevisionView,
  readSpilled: ReadSpilled,
): Promise<string | Uint8Array | undefined> => {
  const inline = revision.inlinePayload
  if (inline !== undefined) return inline
  const sha256 = revision.spilledSha256
  return sha256 === undefined ? undefined : readSpilled(sha256)
}

/**
 * Returns the current revision of a resource, or undefined if the resource is torn. After a migration in SpecStar,
 * several revision items have the id of the current revision. Of these items, the item with the schema version of the
 * metadata is returned, or the last item if no item has this schema version.
 */
export const currentRevision = (metadata: MetadataView, revisions: readonly Item[]): RevisionView | undefined => {
  const { currentRevisionId, schemaVersion } = metadata
  let current: RevisionView | undefined
  for (const item of revisions) {
    const revision = new RevisionView(item)
    if (revision.revisionId !== currentRevisionId) continue
    if (revision.schemaVersion === schemaVersion) return revision
    current = revision
  }
  return current
}

/** Converts a DynamoDB number. Integers become `bigint`, even if they are written with an exponent. */
const numberOf = (text: string): bigint | number => {
  const plain = plainNumber(text)
  return plain.includes('.') ? Number(plain) : BigInt(plain)
}
