import { hash } from 'node:crypto'
import type { Key } from '../tables/item.ts'
import { encodeName } from '../values/percent-encoding.ts'
import { ResourceIdError } from './errors.ts'

/** DynamoDB's limit on a sort key, in UTF-8 bytes. */
const MAX_KEY_BYTES = 1024
const MAX_ID_CHARACTERS = 255
/** `/`, `\` and the characters below U+0020. U+007F to U+009F are controls too, but they are allowed. */
const FORBIDDEN_IN_ID = /[/\\]|[^\P{Cc}\x7f-\x9f]/u

/** Throws `ResourceIdError` unless the id is valid. Rules: `STORE.md`. */
export const checkResourceId = (id: string): void => {
  if (id === '') throw new ResourceIdError(id, 'is empty')
  // A character has one or two UTF-16 units, so characters are counted only if there are enough units.
  if (id.length > MAX_ID_CHARACTERS && Array.from(id).length > MAX_ID_CHARACTERS)
    throw new ResourceIdError(id, `has more than ${MAX_ID_CHARACTERS} characters`)
  if (FORBIDDEN_IN_ID.test(id)) throw new ResourceIdError(id, 'contains "/", "\\" or a character below U+0020')
  if (!id.isWellFormed()) throw new ResourceIdError(id, 'is not valid Unicode')
}

const HASH_KEY_DIGITS = 16

/** The hash key of a resource: the first 16 hex digits of the SHA-256 of its id. */
export const hashKeyOf = (resourceId: string): string => hash('sha256', resourceId, 'hex').slice(0, HASH_KEY_DIGITS)

/** The hash key with which a sort key begins. */
export const hashKeyIn = (sortKey: string): string => sortKey.slice(0, HASH_KEY_DIGITS)

/** The shard of a hash key (or of a sort key): its highest bits. `shards` is a power of two, at most 1,024. */
export const shardOf = (h: string, shards: number): number =>
  Math.floor((Number.parseInt(h.slice(0, 4), 16) * shards) / 0x10000)

export const metadataPartition = (model: string, shard: number): string => `${model}#m#${shard}`
export const revisionPartition = (model: string, shard: number): string => `${model}#r#${shard}`

/** `{h}/{resource_id}`. Throws `ResourceIdError`. */
export const metadataSortKey = (resourceId: string): string => {
  checkResourceId(resourceId)
  return checkLength(resourceId, `${hashKeyOf(resourceId)}/${resourceId}`)
}

/** `{h}/{resource_id}/{n}/{schema}`. Throws `ResourceIdError`. */
export const revisionSortKey = (
  resourceId: string,
  revisionId: string,
  schemaVersion: string | null | undefined,
): string => {
  checkResourceId(resourceId)
  const number = revisionNumber(resourceId, revisionId)
  return checkLength(
    resourceId,
    `${hashKeyOf(resourceId)}/${resourceId}/${number}/${encodeSchemaVersion(schemaVersion)}`,
  )
}

/** Throws `ResourceIdError`. */
export const metadataKey = (model: string, resourceId: string, shards: number): Key => {
  const sk = metadataSortKey(resourceId)
  return { pk: metadataPartition(model, shardOf(sk, shards)), sk }
}

/** Throws `ResourceIdError`. */
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

const NUMBER = /^(?:0|[1-9][0-9]{0,9})$/

/** `{n}`: the number of `{resource_id}:{number}` in ten digits; for any other revision id, `~` and the encoded id. */
const revisionNumber = (resourceId: string, revisionId: string): string => {
  if (revisionId.startsWith(`${resourceId}:`)) {
    const number = revisionId.slice(resourceId.length + 1)
    if (NUMBER.test(number)) return number.padStart(10, '0')
  }
  if (!revisionId.isWellFormed()) throw new ResourceIdError(resourceId, 'has a revision id that is not valid Unicode')
  return `~${encodeName(revisionId)}`
}

/** `{schema}`: `-` for none, therefore `%2D` for a schema version that is `-`. */
const encodeSchemaVersion = (schemaVersion: string | null | undefined): string => {
  if (schemaVersion === null || schemaVersion === undefined) return '-'
  return schemaVersion === '-' ? '%2D' : encodeName(schemaVersion)
}

const checkLength = (resourceId: string, key: string): string => {
  // A UTF-16 unit takes at most three bytes, so bytes are counted only if there are enough units.
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new ResourceIdError(
      resourceId,
      `its sort key would have ${Buffer.byteLength(key)} bytes, and DynamoDB allows at most ${MAX_KEY_BYTES}`,
    )
  return key
}
