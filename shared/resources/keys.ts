import { hash } from 'node:crypto'
import type { Key } from '../tables/item.ts'
import { encodeName } from '../values/percent-encoding.ts'
import { ResourceIdError } from './errors.ts'

/** DynamoDB's limit on a sort key, in UTF-8 bytes. */
const MAX_KEY_BYTES = 1024
const MAX_ID_CHARACTERS = 255
const NOT_IN_ID = /[/\\]|[^\P{Cc}\x7f-\x9f]/u

/** Throws `ResourceIdError` for an id that the store does not take: 1–255 characters, no `/`, no `\`, nothing below U+0020. */
export const checkResourceId = (id: string): void => {
  if (id === '') throw new ResourceIdError(id, 'is empty')
  // Two units of UTF-16 at most make a character: only then are they counted.
  if (id.length > MAX_ID_CHARACTERS && Array.from(id).length > MAX_ID_CHARACTERS)
    throw new ResourceIdError(id, `is longer than ${MAX_ID_CHARACTERS} characters`)
  if (NOT_IN_ID.test(id)) throw new ResourceIdError(id, 'holds "/", "\\" or a character below U+0020')
  if (!id.isWellFormed()) throw new ResourceIdError(id, 'is not valid Unicode')
}

/** A resource's place `h`: the first 16 hex digits of SHA-256 of its id. */
export const hashKeyOf = (resourceId: string): string => hash('sha256', resourceId, 'hex').slice(0, 16)

/** The shard of a place: its top bits. `shards` is a power of two up to 1,024. */
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
  return checkLength(
    resourceId,
    `${hashKeyOf(resourceId)}/${resourceId}/${revisionPlace(resourceId, revisionId)}/${schemaPlace(schemaVersion)}`,
  )
}

export const metadataKey = (model: string, resourceId: string, shards: number): Key => {
  const sk = metadataSortKey(resourceId)
  return { pk: metadataPartition(model, shardOf(sk, shards)), sk }
}

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

/** The number at the end of `{resource_id}:{number}`, in ten digits; any other revision id stands behind `~` (`x:01` is not `x:1`). */
const revisionPlace = (resourceId: string, revisionId: string): string => {
  if (revisionId.startsWith(`${resourceId}:`)) {
    const number = revisionId.slice(resourceId.length + 1)
    if (NUMBER.test(number)) return number.padStart(10, '0')
  }
  if (!revisionId.isWellFormed()) throw new ResourceIdError(resourceId, 'has a revision id that is not valid Unicode')
  return `~${encodeName(revisionId)}`
}

/** `-` for none, so a schema version that is `-` itself is written `%2D`. */
const schemaPlace = (schemaVersion: string | null | undefined): string => {
  if (schemaVersion === null || schemaVersion === undefined) return '-'
  return schemaVersion === '-' ? '%2D' : encodeName(schemaVersion)
}

const checkLength = (resourceId: string, key: string): string => {
  // A character takes at most three bytes a UTF-16 unit: short keys need no count.
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new ResourceIdError(
      resourceId,
      `its key takes ${Buffer.byteLength(key)} bytes, and DynamoDB takes ${MAX_KEY_BYTES}`,
    )
  return key
}
