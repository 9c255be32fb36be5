import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/** A DynamoDB item in the low-level client's form: binary values are `Uint8Array` (in record lines they are base64). */
export type Item = Record<string, AttributeValue>

/** The bounds of a run of places, as digits of `h`: from `from` (inclusive) to `to` (exclusive), 4 hex digits each; `to` may be `10000`. */
export interface BucketRange {
  readonly from: string
  readonly to: string
}
