import { isUtf8 } from 'node:buffer'
import { isJson } from '../../../../shared/archive/item-text.ts'
import { decodeMsgpack } from '../../../../shared/specstar/msgpack-reader.ts'
import { Timestamp } from '../../../../shared/specstar/timestamp.ts'
import { toBase64 } from '../../../../shared/values/base64.ts'
import { floatText } from '../../../../shared/values/float-text.ts'

/**
 * Returns a payload as members of a JSON object. A JSON payload becomes `"payload":…`, with all its characters. A
 * msgpack payload becomes `"payload_encoding":"msgpack","payload":…`. Any other payload becomes `"payload_base64":"…"`.
 */
export const payloadMembers = (payload: string | Uint8Array): string => {
  const bytes = Buffer.from(payload)
  const first = bytes[0] ?? 0
  if (first < 0x80 && isUtf8(bytes)) {
    const text = bytes.toString()
    if (isJson(text)) return `"payload":${text}`
  }
  const decoded = msgpackText(bytes)
  return decoded === undefined
    ? `"payload_base64":"${toBase64(bytes)}"`
    : `"payload_encoding":"msgpack","payload":${decoded}`
}

/** Returns the JSON of a msgpack payload. Undefined if the bytes are not msgpack. */
const msgpackText = (bytes: Buffer): string | undefined => {
  try {
    return valueText(decodeMsgpack(bytes))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const valueText = (value: unknown): string => {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? floatText(value) : JSON.stringify(String(value))
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`
  if (value instanceof Timestamp) return JSON.stringify(value.text)
  if (value instanceof Map)
    return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}:${valueText(member)}`).join(',')}}`
  if (value instanceof Uint8Array) return `{"base64":"${toBase64(value)}"}`
  throw new RangeError('the value cannot be written as JSON')
}
