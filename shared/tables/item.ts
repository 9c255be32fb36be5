import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/** A DynamoDB item in the low-level client's form: binary values are `Uint8Array` (in record lines they are base64). */
export type Item = Record<string, AttributeValue>

/** The primary key of an item. */
export interface Key {
  readonly pk: string
  readonly sk: string
}

/** A range of sort keys, both ends included. */
export interface SortKeyRange {
  readonly fromSk: string
  readonly toSk: string
}

/** The attributes that a primary key consists of. */
export const keyAttributes = ({ pk, sk }: Key): Item => ({ pk: { S: pk }, sk: { S: sk } })
