import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../tables/item.ts'

/** An item's size as DynamoDB counts it: names and values in UTF-8 bytes, numbers at most 21, 3 for a container and 1 a member. */
export const itemBytes = (item: Item): number => {
  let bytes = 0
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value)
  return bytes
}

const valueBytes = (value: AttributeValue): number => {
  if (value.S !== undefined) return Buffer.byteLength(value.S)
  if (value.N !== undefined) return numberBytes(value.N)
  if (value.B !== undefined) return value.B.byteLength
  if (value.L !== undefined) return value.L.reduce((sum, inner) => sum + valueBytes(inner) + 1, 3)
  if (value.M !== undefined)
    return Object.entries(value.M).reduce(
      (sum, [name, inner]) => sum + Buffer.byteLength(name) + valueBytes(inner) + 1,
      3,
    )
  if (value.SS !== undefined) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if (value.NS !== undefined) return value.NS.reduce((sum, number) => sum + numberBytes(number), 0)
  if (value.BS !== undefined) return value.BS.reduce((sum, bytes) => sum + bytes.byteLength, 0)
  return 1
}

const numberBytes = (text: string): number => Math.min(Math.ceil(text.length / 2) + 1, 21)

/** The size of the item's record line, newline included: `{"Item":…}`, binary values in base64. */
export const lineBytes = (item: Item): number => '{"Item":}'.length + 1 + membersBytes(item)

const membersBytes = (members: Item): number =>
  Object.entries(members).reduce(
    (sum, [name, value]) => sum + textBytes(name) + 1 + valueLineBytes(value) + 1,
    Object.keys(members).length === 0 ? 2 : 1,
  )

/** A value in DynamoDB JSON: `{"S":…}`. */
const valueLineBytes = (value: AttributeValue): number => {
  if (value.S !== undefined) return 6 + textBytes(value.S)
  if (value.N !== undefined) return 6 + textBytes(value.N)
  if (value.B !== undefined) return 6 + base64Bytes(value.B)
  if (value.L !== undefined) return 8 + value.L.reduce((sum, inner) => sum + valueLineBytes(inner) + 1, 0)
  if (value.M !== undefined) return 6 + membersBytes(value.M)
  if (value.SS !== undefined) return 9 + value.SS.reduce((sum, text) => sum + textBytes(text) + 1, 0)
  if (value.NS !== undefined) return 9 + value.NS.reduce((sum, text) => sum + textBytes(text) + 1, 0)
  if (value.BS !== undefined) return 9 + value.BS.reduce((sum, bytes) => sum + base64Bytes(bytes) + 1, 0)
  return '{"BOOL":false}'.length
}

const textBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text))
const base64Bytes = (bytes: Uint8Array): number => 2 + 4 * Math.ceil(bytes.byteLength / 3)
