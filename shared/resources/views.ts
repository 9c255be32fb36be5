import { plainNumber } from '../values/number-text.ts'
import { type Item, type Key, keyOf, sortKeyOf } from '../tables/item.ts'
import { hashKeyIn } from './keys.ts'

/** The value of an attribute of type S, N, BOOL or NULL. Integers are `bigint`, other numbers are `number`. */
export type PlainValue = string | bigint | number | boolean | null

/**
 * The fields that metadata and revisions have in common. `STORE.md` describes every field. A view copies nothing: each
 * access reads the item, so creating a view for every item is cheap.
 *
 * A required field can be missing if another program wrote the item. It is then undefined, except for the key and
 * `resourceId`, which are empty.
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

  /** The hash key of the resource, from the sort key. */
  get hashKey(): string {
    return hashKeyIn(this.sortKey)
  }

  get resourceId(): string {
    return this.item['resource_id']?.S ?? ''
  }

  /** Undefined for none: the attribute is absent or NULL. */
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

  /** Id of the restore job that wrote the item. Undefined if another program wrote it. */
  get appliedBy(): string | undefined {
    return this.item['applied_by']?.S
  }
}

/** Typed access to a metadata item: `new MetadataView(item).currentRevisionId`. */
export class MetadataView extends ItemView {
  get currentRevisionId(): string | undefined {
    return this.item['current_revision_id']?.S
  }

  /** How many revisions were ever created. NaN if the field is missing. */
  get totalRevisionCount(): number {
    return Number(this.item['total_revision_count']?.N)
  }

  get isDeleted(): boolean {
    return this.item['is_deleted']?.BOOL ?? false
  }

  /** JSON text of the indexed values. */
  get indexedData(): string | undefined {
    return this.item['indexed_data']?.S
  }

  /** `updated_time` of the current revision, ISO 8601. Old versions of SpecStar do not write it. */
  get revUpdatedTime(): string | undefined {
    return this.item['rev_updated_time']?.S
  }

  /** The text of an attribute whose name comes from a filter. Undefined if it is absent or of another type. */
  text(name: string): string | undefined {
    return this.item[name]?.S
  }

  /**
   * The value of an attribute whose name comes from a filter. Undefined if it is absent, binary, a set or a container.
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

  /** Undefined for none: the attribute is absent or NULL. */
  get parentRevisionId(): string | undefined {
    return this.item['parent_revision_id']?.S
  }

  /** SHA-256 of the payload as the item states it: 64 hex digits. */
  get dataSha256(): string | undefined {
    return this.item['data_sha256']?.S
  }

  /** The payload if the item contains it. */
  get inlinePayload(): string | Uint8Array | undefined {
    const data = this.item['data']
    return data?.S ?? data?.B
  }

  /** SHA-256 of the spilled payload, by which the blob bucket stores it. Undefined if the payload is not spilled. */
  get spilledSha256(): string | undefined {
    return this.item['data_spilled']?.BOOL === true && this.inlinePayload === undefined ? this.dataSha256 : undefined
  }

  /** How many bytes of payload the item contains, as the item states it: 0 for a spilled payload. */
  get inlineSize(): number {
    return this.item['data_spilled'] === undefined ? Number(this.item['data_size']?.N ?? 0) : 0
  }
}

/** Reads the bytes of a spilled payload. */
export type ReadSpilled = (sha256: string) => Promise<Uint8Array>

/**
 * The payload of a revision: from its item, or, if it is spilled, from `readSpilled`. Undefined if the item has neither
 * a payload nor a reference to one. Throws what `readSpilled` throws.
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
 * The current revision among the revisions of a resource. A migration in SpecStar leaves several items with the current
 * revision's id: the one with the schema version of the metadata is returned, or the last if none has it. Undefined if
 * the resource is torn.
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

/** A DynamoDB number: integers as `bigint`, in whatever notation they are written. */
const numberOf = (text: string): bigint | number => {
  const plain = plainNumber(text)
  return plain.includes('.') ? Number(plain) : BigInt(plain)
}
