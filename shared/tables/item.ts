import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/** A DynamoDB item as the low-level client returns it. Binary values are `Uint8Array`. In archives, they are Base64. */
export type Item = Record<string, AttributeValue>

/** The primary key of an item. */
export interface Key {
  readonly pk: string
  readonly sk: string
}

/** A range of sort keys. `fromSk` is inclusive. `toSk` is inclusive too, unless a function states otherwise. */
export interface SortKeyRange {
  readonly fromSk: string
  readonly toSk: string
}

/**
 * A range of sort keys in one partition. If `excludesEnd` is true, the range does not contain `toSk`. The attributes that
 * are read must then include `sk`.
 */
export interface PartitionRange extends SortKeyRange {
  readonly pk: string
  readonly excludesEnd?: boolean
}

/** Returns the sort key of an item that was read from a table. */
export const sortKeyOf = (item: Item): string => item['sk']?.S ?? ''

/** Returns the primary key of an item that was read from a table. */
export const keyOf = (item: Item): Key => ({ pk: item['pk']?.S ?? '', sk: sortKeyOf(item) })

/** Returns the attributes of a primary key. */
export const keyAttributes = ({ pk, sk }: Key): Item => ({ pk: { S: pk }, sk: { S: sk } })
