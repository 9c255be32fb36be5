import { hash } from 'node:crypto'
import type { Key } from '../tables/item.ts'
import { encodeName } from '../values/percent-encoding.ts'
import { ResourceIdError } from './errors.ts'

/** DynamoDB's limit on a sort key, in UTF-8 bytes. */
const MAX_KEY_BYTES = 1024
/** The limit on a resource id, in Unicode code points. */
const MAX_ID_CHARACTERS = 255
/** Matches `/`, `\` and the characters below U+0020. The other control characters, U+007F to U+009F, are allowed. */
const FORBIDDEN_IN_ID = /[/\\]|[^\P{Cc}\x7f-\x9f]/u

/** Throws `ResourceIdError` if the id is not valid. `STORE.md` lists the rules. */
export const checkResourceId = (id: string): void => {
  const fault = idFault(id)
  if (fault !== undefined) throw new ResourceIdError(id, fault)
}

/** Returns undefined if a resource id is valid. Otherwise returns the reason why it is invalid. */
const idFault = (id: string): string | undefined => {
  if (id === '') return 'is empty'
  // `length` is never less than the number of code points, which is slow to count. The exact count is needed only if
  // `length` exceeds the limit.
  if (id.length > MAX_ID_CHARACTERS && Array.from(id).length > MAX_ID_CHARACTERS)
    return `has more than ${MAX_ID_CHARACTERS} characters`
  if (FORBIDDEN_IN_ID.test(id)) return 'contains "/", "\\" or a character below U+0020'
  return id.isWellFormed() ? undefined : 'is not valid Unicode'
}

const ID_HASH_DIGITS = 16

/** Returns the id hash of a resource: the first 16 hex digits of the SHA-256 of the resource id. */
export const idHashOf = (resourceId: string): string => hash('sha256', resourceId, 'hex').slice(0, ID_HASH_DIGITS)

/** Returns the id hash at the start of a sort key. */
export const idHashIn = (sortKey: string): string => sortKey.slice(0, ID_HASH_DIGITS)

/**
 * Returns the shard number, which is the first log2(`shards`) bits of the id hash. `h` may also be a sort key, because
 * a sort key begins with the id hash. `shards` must be a power of two and at most 1,024.
 */
export const shardOf = (h: string, shards: number): number =>
  Math.floor((Number.parseInt(h.slice(0, 4), 16) * shards) / 0x10000)

export const metadataPartition = (model: string, shard: number): string => `${model}#m#${shard}`
export const revisionPartition = (model: string, shard: number): string => `${model}#r#${shard}`

/**
 * Returns `{id hash}/{resource id}`. Throws `ResourceIdError` if the id is not valid or the sort key is too long.
 */
export const metadataSortKey = (resourceId: string): string => {
  checkResourceId(resourceId)
  return checkLength(resourceId, `${idHashOf(resourceId)}/${resourceId}`)
}

/** Returns true if a resource can have this id. */
export const isResourceId = (id: string): boolean =>
  idFault(id) === undefined && ID_HASH_DIGITS + 1 + Buffer.byteLength(id) <= MAX_KEY_BYTES

/**
 * Returns the resource id in the sort key of a metadata item. Returns undefined if no valid resource id has this sort
 * key.
 */
export const resourceIdIn = (sortKey: string): string | undefined => {
  const id = sortKey.slice(ID_HASH_DIGITS + 1)
  return idFault(id) === undefined && sortKey === `${idHashOf(id)}/${id}` ? id : undefined
}

/**
 * Returns the resource id in the sort key of a metadata item, even if the id is invalid. Returns an empty string if the
 * sort key does not begin with an id hash and `/`.
 */
export const statedIdIn = (metadataSortKey: string): string =>
  /^[0-9a-f]{16}\//.test(metadataSortKey) ? metadataSortKey.slice(ID_HASH_DIGITS + 1) : ''

/**
 * Returns `{id hash}/{resource id}/{encoded revision id}/{encoded schema version}`. Throws `ResourceIdError` if one of
 * the three values is not valid or the sort key is too long.
 */
export const revisionSortKey = (
  resourceId: string,
  revisionId: string,
  schemaVersion: string | null | undefined,
): string => {
  checkResourceId(resourceId)
  const revision = encodeRevisionId(resourceId, revisionId)
  return checkLength(
    resourceId,
    `${idHashOf(resourceId)}/${resourceId}/${revision}/${encodeSchemaVersion(resourceId, schemaVersion)}`,
  )
}

/** Returns the key of a metadata item. Throws the errors of `metadataSortKey`. */
export const metadataKey = (model: string, resourceId: string, shards: number): Key => {
  const sk = metadataSortKey(resourceId)
  return { pk: metadataPartition(model, shardOf(sk, shards)), sk }
}

/** Returns the key of a revision item. Throws the errors of `revisionSortKey`. */
export const revisionKey = (
  model: string,
  resourceId: string,
  revisionId: string,
  schemaVersion: string | null | undefined,
  shards: number,
): Key => {
  const sk = revisionSortKey(resourceId, revisionId, schemaVersion)
  return { pk: revisionPartition(model, shardOf(sk, shards)), sk }
}

/** Matches a revision number of at most ten digits without leading zeros. */
const REVISION_NUMBER = /^(?:0|[1-9][0-9]{0,9})$/

/**
 * Encodes the revision id for a sort key. If the id is `{resource_id}:{number}`, returns the number padded to ten
 * digits. Otherwise returns `~` and the percent-encoded id.
 */
const encodeRevisionId = (resourceId: string, revisionId: string): string => {
  if (revisionId.startsWith(`${resourceId}:`)) {
    const number = revisionId.slice(resourceId.length + 1)
    if (REVISION_NUMBER.test(number)) return number.padStart(10, '0')
  }
  if (!revisionId.isWellFormed())
    throw new ResourceIdError(resourceId, 'cannot be stored: its revision id is not valid Unicode')
  return `~${encodeName(revisionId)}`
}

/**
 * Encodes the schema version for a sort key. Without a version, returns `-`. The version `-` itself becomes `%2D`. All
 * other versions are percent-encoded.
 */
const encodeSchemaVersion = (resourceId: string, schemaVersion: string | null | undefined): string => {
  if (schemaVersion === null || schemaVersion === undefined) return '-'
  if (!schemaVersion.isWellFormed())
    throw new ResourceIdError(resourceId, 'cannot be stored: its schema version is not valid Unicode')
  return schemaVersion === '-' ? '%2D' : encodeName(schemaVersion)
}

/** Returns the sort key `key` unchanged. Throws `ResourceIdError` if it is too long. */
const checkLength = (resourceId: string, key: string): string => {
  // A UTF-16 code unit takes at most three bytes in UTF-8, so shorter keys need not be counted exactly.
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new ResourceIdError(
      resourceId,
      `cannot be stored: the sort key (id, revision id and schema version) needs ${Buffer.byteLength(key)} bytes; ` +
        `DynamoDB allows ${MAX_KEY_BYTES}; shorten the id`,
    )
  return key
}
