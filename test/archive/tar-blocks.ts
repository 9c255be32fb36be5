import { checksumOf, encodeHeader, paddingOf } from '../../shared/archive/tar-header.ts'

/** A header block with something else in it, or of another type, and the checksum that it then has. */
export const changed = (block: Buffer, change: (block: Buffer) => unknown = () => undefined, type?: string): Buffer => {
  const own = Buffer.from(block)
  change(own)
  if (type !== undefined) own.write(type, 156, 'latin1')
  own.write(`${checksumOf(own).toString(8).padStart(6, '0')} \0`, 148, 'latin1')
  return own
}

/** A header with a body that speaks of the entry after it. */
export const extended = (type: string, body: Buffer, name = 'ext'): Buffer =>
  Buffer.concat([changed(encodeHeader(name, body.length), undefined, type), body, Buffer.alloc(paddingOf(body.length))])

export const pax = (...records: Buffer[]): Buffer => extended('x', Buffer.concat(records), 'PaxHeader')

/** One record of a pax header: its length, which counts itself, then key and value. */
export const record = (key: string, value: string): Buffer => {
  const text = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(text)
  const length = [1, 2, 3, 4, 5].map((digits) => bytes + digits).find((sum) => sum.toString().length === sum - bytes)
  return Buffer.from(`${length}${text}`)
}
