import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { errorMessage } from '../values/error-message.ts'
import { ArchiveInvalidError } from './errors.ts'
import { MAX_WINDOW_LOG } from './limits.ts'

const zstdCompress = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)

/** Level 1 compresses record lines almost as well as higher levels, several times as fast, and with small windows. */
const ZSTD_OPTIONS: zlib.ZstdOptions = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }

/** Compresses bytes to one zstd frame. */
export const compressZstd = (bytes: Buffer): Promise<Buffer> => zstdCompress(bytes, ZSTD_OPTIONS)

/** Size of the pieces that a decompressor returns. The default of 16 KiB is slower. */
const PIECE_BYTES = 1024 * 1024

/**
 * Decompresses the content of an entry as its name demands: `.zst` (one frame), `.gz` (one member), or not
 * compressed. Throws `ArchiveInvalidError` unless the result has exactly `unpackedSize` bytes, nothing follows the
 * frame, and a zstd window has at most 8 MiB. Allocates `unpackedSize` bytes, which the caller has checked.
 */
export const decompress = async (path: string, compressed: Buffer, unpackedSize: number): Promise<Buffer> => {
  const entry = `entry ${path}`
  if (path.endsWith('.zst')) return decompressZstd(entry, compressed, unpackedSize)
  if (path.endsWith('.gz')) return decompressGzip(entry, compressed, unpackedSize)
  if (compressed.length !== unpackedSize)
    throw new ArchiveInvalidError(`${entry} has ${compressed.length} bytes, its unpacked_size is ${unpackedSize}`)
  return compressed
}

/** Decompresses one zstd frame that nothing follows. `subject` names it in errors. */
export const decompressZstd = async (subject: string, compressed: Buffer, unpackedSize: number): Promise<Buffer> => {
  const decompressor = zlib.createZstdDecompress({
    chunkSize: PIECE_BYTES,
    params: { [zlib.constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  })
  const bytes = await run(subject, decompressor, compressed, unpackedSize)
  // Node's decoder stops after the first frame without an error.
  checkConsumed(subject, decompressor.bytesWritten, compressed.length)
  return bytes
}

/** Decompresses one gzip member that nothing follows. Node's gzip decoder accepts more members and trailing garbage. */
const decompressGzip = async (subject: string, compressed: Buffer, unpackedSize: number): Promise<Buffer> => {
  const start = deflateOffset(compressed)
  if (start === undefined || compressed.length < start + GZIP_TRAILER)
    throw new ArchiveInvalidError(`${subject} is not a gzip member`)
  const decompressor = zlib.createInflateRaw({ chunkSize: PIECE_BYTES })
  const bytes = await run(subject, decompressor, compressed.subarray(start), unpackedSize)
  const end = start + decompressor.bytesWritten
  checkConsumed(subject, end + GZIP_TRAILER, compressed.length)
  if (compressed.readUInt32LE(end) !== zlib.crc32(bytes) || compressed.readUInt32LE(end + 4) !== bytes.length)
    throw new ArchiveInvalidError(`the gzip member of ${subject} has a wrong checksum or length`)
  return bytes
}

/** CRC-32 and length, 4 bytes each. */
const GZIP_TRAILER = 8

/** Offset of the deflated data in a gzip member (RFC 1952, 2.3). Undefined if its header is invalid. */
const deflateOffset = (compressed: Buffer): number | undefined => {
  if (compressed.length < 18 || compressed.readUIntBE(0, 3) !== 0x1f8b08) return undefined
  const flags = compressed.readUInt8(3)
  if (flags > 0x1f) return undefined
  let offset = 10
  if ((flags & 4) !== 0) offset += 2 + compressed.readUInt16LE(offset)
  for (const text of [8, 16]) {
    if ((flags & text) === 0) continue
    const end = compressed.indexOf(0, offset)
    if (end === -1) return undefined
    offset = end + 1
  }
  return (flags & 2) === 0 ? offset : offset + 2
}

const run = async (
  subject: string,
  decompressor: zlib.ZstdDecompress | zlib.InflateRaw,
  compressed: Buffer,
  unpackedSize: number,
): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(unpackedSize)
  let size = 0
  try {
    decompressor.end(compressed)
    const pieces: AsyncIterable<Buffer> = decompressor
    for await (const piece of pieces) {
      if (size + piece.length > unpackedSize)
        throw new ArchiveInvalidError(`${subject} decompresses to more than its unpacked_size of ${unpackedSize} bytes`)
      piece.copy(bytes, size)
      size += piece.length
    }
  } catch (error) {
    if (error instanceof ArchiveInvalidError) throw error
    throw new ArchiveInvalidError(`${subject} cannot be decompressed: ${errorMessage(error)}`)
  } finally {
    decompressor.destroy()
  }
  if (size < unpackedSize)
    throw new ArchiveInvalidError(`${subject} decompresses to ${size} bytes, its unpacked_size is ${unpackedSize}`)
  return bytes
}

const checkConsumed = (subject: string, consumed: number, size: number): void => {
  if (consumed !== size)
    throw new ArchiveInvalidError(`${subject} has ${size - consumed} bytes after its first zstd frame or gzip member`)
}
