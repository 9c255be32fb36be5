import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../tables/item.ts'

/** DynamoDB's limit on the size of an item, in bytes, as `itemBytes` computes it. */
export const MAX_ITEM_BYTES = 400 * 1024

/**
 * Returns the size of an item in bytes as DynamoDB counts it. Attribute names and strings count their UTF-8 bytes.
 * Numbers count by their significant digits. Booleans and NULL count 1 byte. The size of a map or list is 3 bytes,
 * plus 1 byte and the size of the element for each element. The size of a map's element includes its name.
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
 * Returns the size of a number in bytes. It has one byte for every two significant digits, one further byte, and one
 * byte for a minus sign. Zeros at the start and at the end are not significant.
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
 * Returns the size of the item's line in an archive, in bytes. The result can be a few bytes too large. The line is
 * `{"Item":…}` in DynamoDB JSON and a newline. Binary values are in base64. The size is computed without creating the
 * line.
 */
export const lineBytes = (item: Item): number => '{"Item":}'.length + 1 + membersBytes(item)

/** Returns the size of a JSON object with these members, in bytes. */
const membersBytes = (members: Item): number =>
  Object.entries(members).reduce(
    (sum, [name, value]) => sum + textBytes(name) + 1 + valueLineBytes(value) + 1,
    Object.keys(members).length === 0 ? 2 : 1,
  )

/** Returns the size of a value in DynamoDB JSON, for example `{"S":…}`, in bytes. */
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

/** The size of a JSON string with its quotation marks, in bytes. */
const textBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text))
/** The size of a base64 string with its quotation marks, in bytes. */
const base64Bytes = (bytes: Uint8Array): number => 2 + 4 * Math.ceil(bytes.byteLength / 3)

/**
 * An upper bound of the number of bytes in a line for each byte of the item. Each byte of an item can become up to six
 * bytes in an escaped string, or up to nine bytes in a list of empty strings. The rest is a margin.
 */
const MAX_LINE_FACTOR = 12
/** An upper bound of the number of bytes in a line that do not depend on the size of the item, such as braces. */
const LINE_OVERHEAD_BYTES = 4096

/** Returns an upper bound of `lineBytes` for all items for which `itemBytes` returns `bytes`. */
export const maxLineBytes = (bytes: number): number => bytes * MAX_LINE_FACTOR + LINE_OVERHEAD_BYTES
