import { encodeFrame, eofFrame, headerFrame } from '../../shared/specstar/stream-frame.ts'
import { StreamReader } from '../../shared/specstar/stream-reader.ts'
import type { ByteSource } from '../../shared/specstar/stream-window.ts'

export const header = headerFrame()
export const eof = eofFrame()

/** Encodes a record of a blob. */
export const blob = (bytes: Buffer, more: object = {}): Buffer =>
  encodeFrame({
    t: 'BlobRecord',
    file_id: 'x',
    blob_data: bytes,
    size: BigInt(bytes.length),
    content_type: 'a/b',
    ...more,
  })

/** The four bytes with the length of a record. */
export const lengthBytes = (length: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

export const readerOf = (source: ByteSource, offset = 0, records = 0): StreamReader =>
  new StreamReader(source, { offset, records })

/** The messages of the reader about records that are incomplete or too large. */
export const INCOMPLETE = 'the bytes end inside a msgpack value'
export const tooLarge = (length: number): string =>
  `the record has ${length} bytes; at most 33554432 are allowed, or a blob with at most 65536 bytes before and after it`
