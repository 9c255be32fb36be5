import type { StreamLocation } from '../../specstar/errors.ts'

/** An entry of a sorted run. It contains a record line, or the location of a blob or spilled payload. */
export interface RunEntry extends StreamLocation {
  readonly key: Buffer
  readonly body: Buffer
}

/** Compares entries by key. Entries with the same key are compared by their offset in the stream. */
export const compareEntries = (a: RunEntry, b: RunEntry): number => Buffer.compare(a.key, b.key) || a.offset - b.offset

/**
 * The size of the header of an encoded entry. The header contains the length of the key (4 bytes), the length of the
 * body (4 bytes), the number of the record (4 bytes) and the offset of the record in the stream (8 bytes). All numbers
 * are big-endian. The key and the body follow the header.
 */
export const HEADER_BYTES = 4 + 4 + 4 + 8

export const entrySize = ({ key, body }: RunEntry): number => HEADER_BYTES + key.length + body.length

export const encodeEntryHeader = ({ key, body, number, offset }: RunEntry): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(key.length, 0)
  header.writeUInt32BE(body.length, 4)
  header.writeUInt32BE(number, 8)
  header.writeBigUInt64BE(BigInt(offset), 12)
  return header
}

export const decodeEntryHeader = (
  header: Buffer,
): StreamLocation & { readonly keyBytes: number; readonly bodyBytes: number } => ({
  keyBytes: header.readUInt32BE(0),
  bodyBytes: header.readUInt32BE(4),
  number: header.readUInt32BE(8),
  offset: Number(header.readBigUInt64BE(12)),
})
