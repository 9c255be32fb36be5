import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { errorMessage } from '../values/error-message.ts'
import { ArchiveInvalidError } from './errors.ts'
import { MAX_WINDOW_LOG } from './limits.ts'
import { zstdFrameSize } from './zstd-frame.ts'

/**
 * `promisify` is called with each call, so that Node.js 20, which has no zstd, can load this module. The command
 * `specstar-backup` supports it.
 */
const zstdCompress = (bytes: Buffer, options: zlib.ZstdOptions): Promise<Buffer> =>
  promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)(bytes, options)

/**
 * Level 1 compresses record lines almost as well as higher levels. It is several times as fast and takes less memory.
 */
const ZSTD_PARAMS = { [zlib.constants.ZSTD_c_compressionLevel]: 1 }

/**
 * The size of the pieces that a compressor or decompressor returns, in bytes. With the default of Node.js, 16 KiB,
 * compression takes 10 to 35 % more CPU time.
 */
const PIECE_BYTES = 1024 * 1024
/** A compressed piece is at most this much larger than its input, so one piece is enough for a small input. */
const MAX_GROWTH_BYTES = 1024

/** Compresses bytes to one zstd frame. */
export const compressZstd = (bytes: Buffer): Promise<Buffer> =>
  zstdCompress(bytes, { chunkSize: Math.min(PIECE_BYTES, bytes.length + MAX_GROWTH_BYTES), params: ZSTD_PARAMS })

/**
 * Returns the size of the pieces of a decompressor for a result of `unpackedSize` bytes. A small result does not need a
 * large buffer, which would take most of the time. Node.js requires at least 64 bytes.
 */
const pieceBytes = (unpackedSize: number): number => Math.min(PIECE_BYTES, unpackedSize + 64)

/**
 * Decompresses the content of an entry. The extension of its path selects the format: `.zst` is one zstd frame, `.gz`
 * is one gzip member, and any other content is not compressed. Throws `ArchiveInvalidError` if the result does not have
 * exactly `unpackedSize` bytes, if bytes follow the frame or member, or if the zstd window is larger than 8 MiB.
 * Allocates `unpackedSize` bytes, so the caller must limit this size.
 */
export const decompress = async (path: string, compressed: Buffer, unpackedSize: number): Promise<Buffer> => {
  const entry = `entry ${path}`
  if (path.endsWith('.zst')) return decompressZstd(entry, compressed, unpackedSize)
  if (path.endsWith('.gz')) return decompressGzip(entry, compressed, unpackedSize)
  if (compressed.length !== unpackedSize)
    throw new ArchiveInvalidError(`${entry} has ${compressed.length} bytes, but its unpacked_size is ${unpackedSize}`)
  return compressed
}

const zstdOptions = (unpackedSize: number): zlib.ZstdOptions => ({
  chunkSize: pieceBytes(unpackedSize),
  params: { [zlib.constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
})

/**
 * Decompresses exactly one zstd frame. Throws `ArchiveInvalidError` as `decompress` does. `subject` is the subject of
 * the error message, for example `entry <path>`.
 */
export const decompressZstd = async (subject: string, compressed: Buffer, unpackedSize: number): Promise<Buffer> => {
  const options = zstdOptions(unpackedSize)
  const small = decompressSmall(compressed, unpackedSize, options)
  if (small !== undefined) return small
  const decompressor = zlib.createZstdDecompress(options)
  const bytes = await run(subject, decompressor, compressed, unpackedSize)
  // The decoder of Node.js stops after the first frame and ignores the bytes after it.
  checkConsumed(subject, decompressor.bytesWritten, compressed.length)
  return bytes
}

/**
 * Decompresses exactly one zstd frame like `decompressZstd`, but in pieces of at most 1 MiB, so that the memory does
 * not grow with `unpackedSize`.
 */
export async function* decompressZstdInPieces(
  subject: string,
  compressed: Buffer,
  unpackedSize: number,
): AsyncGenerator<Buffer> {
  const decompressor = zlib.createZstdDecompress(zstdOptions(unpackedSize))
  yield* runInPieces(subject, decompressor, compressed, unpackedSize)
  checkConsumed(subject, decompressor.bytesWritten, compressed.length)
}

/** The largest sizes of a frame and its content that are decompressed in this thread, which takes about 0.1 ms. */
const SMALL_BYTES = 64 * 1024

/**
 * Decompresses a small frame without the overhead of a stream. Returns undefined if the frame is large, or if it is
 * invalid in any way: a stream then finds the reason.
 */
const decompressSmall = (compressed: Buffer, unpackedSize: number, options: zlib.ZstdOptions): Buffer | undefined => {
  if (unpackedSize > SMALL_BYTES || compressed.length > SMALL_BYTES) return undefined
  // The decoder would accept several frames.
  if (zstdFrameSize(compressed) !== compressed.length) return undefined
  try {
    const bytes = zlib.zstdDecompressSync(compressed, { ...options, maxOutputLength: Math.max(1, unpackedSize) })
    return bytes.length === unpackedSize ? bytes : undefined
  } catch {
    return undefined
  }
}

/**
 * Decompresses exactly one gzip member. The gzip decoder of Node.js is not used, because it accepts several members and
 * ignores other bytes after them.
 */
const decompressGzip = async (subject: string, compressed: Buffer, unpackedSize: number): Promise<Buffer> => {
  const start = deflateOffset(compressed)
  if (start === undefined || compressed.length < start + GZIP_TRAILER)
    throw new ArchiveInvalidError(`${subject} is not a gzip member`)
  const decompressor = zlib.createInflateRaw({ chunkSize: pieceBytes(unpackedSize) })
  const bytes = await run(subject, decompressor, compressed.subarray(start), unpackedSize)
  const end = start + decompressor.bytesWritten
  checkConsumed(subject, end + GZIP_TRAILER, compressed.length)
  if (compressed.readUInt32LE(end) !== zlib.crc32(bytes) || compressed.readUInt32LE(end + 4) !== bytes.length)
    throw new ArchiveInvalidError(`the gzip member of ${subject} has a wrong checksum or length`)
  return bytes
}

/** The size of the end of a gzip member, in bytes. It consists of the CRC-32 and the length, with 4 bytes each. */
const GZIP_TRAILER = 8

/**
 * Returns the offset of the deflated data in a gzip member (RFC 1952, section 2.3). Returns undefined if the header of
 * the member is invalid.
 */
const deflateOffset = (compressed: Buffer): number | undefined => {
  // The fixed header has 10 bytes and the trailer 8. The first three bytes are the gzip magic number and "deflate".
  if (compressed.length < 18 || compressed.readUIntBE(0, 3) !== 0x1f8b08) return undefined
  const flags = compressed.readUInt8(3)
  // The upper three flags are reserved.
  if (flags > 0x1f) return undefined
  let offset = 10
  // FEXTRA: an extra field with its length in front.
  if ((flags & 4) !== 0) offset += 2 + compressed.readUInt16LE(offset)
  // FNAME and FCOMMENT: strings that end in NUL.
  for (const text of [8, 16]) {
    if ((flags & text) === 0) continue
    const end = compressed.indexOf(0, offset)
    if (end === -1) return undefined
    offset = end + 1
  }
  // FHCRC: a checksum of the header, which has 2 bytes.
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
  for await (const piece of runInPieces(subject, decompressor, compressed, unpackedSize)) {
    piece.copy(bytes, size)
    size += piece.length
  }
  return bytes
}

async function* runInPieces(
  subject: string,
  decompressor: zlib.ZstdDecompress | zlib.InflateRaw,
  compressed: Buffer,
  unpackedSize: number,
): AsyncGenerator<Buffer> {
  let size = 0
  try {
    decompressor.end(compressed)
    const pieces: AsyncIterable<Buffer> = decompressor
    for await (const piece of pieces) {
      size += piece.length
      if (size > unpackedSize)
        throw new ArchiveInvalidError(`${subject} decompresses to more than its unpacked_size of ${unpackedSize} bytes`)
      yield piece
    }
  } catch (error) {
    if (error instanceof ArchiveInvalidError) throw error
    throw new ArchiveInvalidError(`${subject} cannot be decompressed: ${errorMessage(error)}`)
  } finally {
    decompressor.destroy()
  }
  if (size < unpackedSize)
    throw new ArchiveInvalidError(`${subject} decompresses to ${size} bytes, but its unpacked_size is ${unpackedSize}`)
}

const checkConsumed = (subject: string, consumed: number, size: number): void => {
  if (consumed !== size)
    throw new ArchiveInvalidError(`${subject} has ${size - consumed} bytes after its first zstd frame or gzip member`)
}
