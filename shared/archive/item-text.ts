import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../tables/item.ts'
import { toBase64 } from '../values/base64.ts'
import { plainNumber } from '../values/number-text.ts'

/** Attributes that depend on the store, and the payload. */
const OMITTED = new Set(['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled'])

/**
 * Returns the attributes of an item as the members of a JSON object, for people:
 * `"revision_id":"a:1","status":"stable"`. Numbers keep all their digits. `indexed_data`, which is JSON in a string,
 * becomes an object. Binary values become `{"base64":"…"}`, and sets become lists. Omits the keys, the attributes that
 * a restore derives, and the payload.
 */
export const itemMembers = (item: Item): string =>
  Object.entries(item)
    .filter(([name]) => !OMITTED.has(name))
    .map(([name, value]) => `${JSON.stringify(name)}:${name === 'indexed_data' ? embedded(value) : valueText(value)}`)
    .join(',')

const embedded = (value: AttributeValue): string =>
  value.S !== undefined && isJson(value.S) ? value.S : valueText(value)

/** Returns true if a text is JSON. */
export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const valueText = (value: AttributeValue): string => {
  const { S, N, BOOL, B, M, L, SS, NS, BS } = value
  if (S !== undefined) return JSON.stringify(S)
  if (N !== undefined) return plainNumber(N)
  if (BOOL !== undefined) return String(BOOL)
  if (B !== undefined) return bytesText(B)
  if (M !== undefined)
    return `{${Object.entries(M)
      .map(([name, member]) => `${JSON.stringify(name)}:${valueText(member)}`)
      .join(',')}}`
  if (L !== undefined) return `[${L.map(valueText).join(',')}]`
  if (SS !== undefined) return `[${SS.map((text) => JSON.stringify(text)).join(',')}]`
  if (NS !== undefined) return `[${NS.map(plainNumber).join(',')}]`
  if (BS !== undefined) return `[${BS.map(bytesText).join(',')}]`
  return 'null'
}

const bytesText = (bytes: Uint8Array): string => `{"base64":"${toBase64(bytes)}"}`
