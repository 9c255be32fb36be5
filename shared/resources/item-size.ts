import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../tables/item.ts'

/** DynamoDB's limit on an item, in bytes as `itemBytes` counts them. */
export const MAX_ITEM_BYTES = 400 * 1024

/**
 * The size of an item as DynamoDB counts it: names and texts in UTF-8 bytes, numbers by their significant digits, 1
 * byte for Booleans and NULL, and for maps and lists 3 bytes and 1 for each member.
 */
export const itemBytes = (item: Item): number => {
  let bytes = 0
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value)
  return bytes
}

const valueBytes = (value: AttributeValue): number => {
  if (value.S !== undefined) return Buffer.byteLength(value.S)
  if (value.N !== undefined) return numberBytes(value.N)
  if (value.B !== undefined) return value.B.byteLength
  if (value.L !== undefined) return value.L.reduce((sum, member) => sum + valueBytes(member) + 1, 3)
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemBytes(value.M)
  if (value.SS !== undefined) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if (value.NS !== undefined) return value.NS.reduce((sum, number) => sum + numberBytes(number), 0)
  if (value.BS !== undefined) return value.BS.reduce((sum, bytes) => sum + bytes.byteLength, 0)
  return 1
}

/**
 * One byte for two significant digits, one more, and another for a minus sign. Zeros at both ends are not significant.
 */
const numberBytes = (text: string): number => {
  let digits = 0
  let zeros = 0
  for (const character of text) {
    if (character === 'e' || character === 'E') break
    if (character === '0') zeros += 1
    else if (character >= '1' && character <= '9') {
      digits = digits === 0 ? 1 : digits + zeros + 1
      zeros = 0
    }
  }
  return Math.ceil(digits / 2) + 1 + (digits > 0 && text.startsWith('-') ? 1 : 0)
}

/**
 * At least the size of the item's line in an archive, and at most a few bytes more: `{"Item":…}` in DynamoDB JSON with
 * binary values in base64, and a newline. It is computed without making the line.
 */
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
  if (value.L !== undefined) return 8 + value.L.reduce((sum, member) => sum + valueLineBytes(member) + 1, 0)
  if (value.M !== undefined) return 6 + membersBytes(value.M)
  if (value.SS !== undefined) return 9 + value.SS.reduce((sum, text) => sum + textBytes(text) + 1, 0)
  if (value.NS !== undefined) return 9 + value.NS.reduce((sum, text) => sum + textBytes(text) + 1, 0)
  if (value.BS !== undefined) return 9 + value.BS.reduce((sum, bytes) => sum + base64Bytes(bytes) + 1, 0)
  return '{"BOOL":false}'.length
}

const textBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text))
/** With the quotation marks. */
const base64Bytes = (bytes: Uint8Array): number => 2 + 4 * Math.ceil(bytes.byteLength / 3)

/** For one byte of an item, its line has at most six bytes in escaped texts, and nine in a list of empty texts. */
const MAX_LINE_FACTOR = 12
/** More than the line has for the braces and for attributes whose name and value are very short. */
const LINE_OVERHEAD_BYTES = 4096

/** An upper bound of `lineBytes` for every item that has this many bytes. */
export const maxLineBytes = (bytes: number): number => bytes * MAX_LINE_FACTOR + LINE_OVERHEAD_BYTES
