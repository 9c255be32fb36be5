import zlib from 'node:zlib'
import { errorMessage } from '../values/error-message.ts'
import { ArchiveInvalidError } from './errors.ts'
import { MAX_WINDOW_LOG } from './limits.ts'

/** Pieces that a decompressor gives: larger than its 16 KiB default, for speed. */
const CHUNK_SIZE = 1024 * 1024

/**
 * Unpacks what one entry holds, by the end of its name: `.zst` (one frame), `.gz` (one member) or plain. Throws
 * `ArchiveInvalidError` where it gives more or less than `unpackedSize` bytes, where anything follows the frame, or where a
 * zstd window is over 8 MiB. The caller has checked both sizes: they are given memory.
 */
export const unpack = async (path: string, packed: Buffer, unpackedSize: number): Promise<Buffer> => {
  if (path.endsWith('.zst')) return unpackZstd(path, packed, unpackedSize)
  if (path.endsWith('.gz')) return unpackGzip(path, packed, unpackedSize)
  if (packed.length !== unpackedSize) throw new ArchiveInvalidError(`${path}: its unpacked_size is not its size`)
  return packed
}

/** One zstd frame with nothing after it. */
export const unpackZstd = async (path: string, packed: Buffer, unpackedSize: number): Promise<Buffer> => {
  const engine = zlib.createZstdDecompress({
    chunkSize: CHUNK_SIZE,
    params: { [zlib.constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  })
  const unpacked = await run(path, engine, packed, unpackedSize)
  checkWhole(path, engine.bytesWritten, packed.length)
  return unpacked
}

/** One gzip member with nothing after it. Node's own reader takes further members and garbage without a word. */
const unpackGzip = async (path: string, packed: Buffer, unpackedSize: number): Promise<Buffer> => {
  const start = gzipHeader(packed)
  if (start === undefined || packed.length < start + 8) throw new ArchiveInvalidError(`${path}: not a gzip member`)
  const engine = zlib.createInflateRaw({ chunkSize: CHUNK_SIZE })
  const unpacked = await run(path, engine, packed.subarray(start), unpackedSize)
  const end = start + engine.bytesWritten
  checkWhole(path, end + 8, packed.length)
  if (packed.readUInt32LE(end) !== zlib.crc32(unpacked) || packed.readUInt32LE(end + 4) !== unpacked.length)
    throw new ArchiveInvalidError(`${path}: the checksum of its gzip member is wrong`)
  return unpacked
}

/** Where the deflated data begin (RFC 1952, 2.3). */
const gzipHeader = (packed: Buffer): number | undefined => {
  if (packed.length < 18 || packed.readUIntBE(0, 3) !== 0x1f8b08) return undefined
  const flags = packed.readUInt8(3)
  if (flags > 0x1f) return undefined
  let at = 10
  if ((flags & 4) !== 0) at += 2 + packed.readUInt16LE(at)
  for (const text of [8, 16]) {
    if ((flags & text) === 0) continue
    const end = packed.indexOf(0, at)
    if (end === -1) return undefined
    at = end + 1
  }
  return (flags & 2) === 0 ? at : at + 2
}

const run = async (
  path: string,
  engine: zlib.ZstdDecompress | zlib.InflateRaw,
  packed: Buffer,
  unpackedSize: number,
): Promise<Buffer> => {
  const unpacked = Buffer.allocUnsafe(unpackedSize)
  let size = 0
  try {
    engine.end(packed)
    const pieces: AsyncIterable<Buffer> = engine
    for await (const piece of pieces) {
      if (size + piece.length > unpackedSize)
        throw new ArchiveInvalidError(`${path} unpacks to more than its ${unpackedSize} bytes`)
      piece.copy(unpacked, size)
      size += piece.length
    }
  } catch (error) {
    if (error instanceof ArchiveInvalidError) throw error
    throw new ArchiveInvalidError(`${path} cannot be unpacked: ${errorMessage(error)}`)
  } finally {
    engine.destroy()
  }
  if (size < unpackedSize) throw new ArchiveInvalidError(`${path} unpacks to ${size} bytes, not to ${unpackedSize}`)
  return unpacked
}

const checkWhole = (path: string, used: number, size: number): void => {
  if (used !== size) throw new ArchiveInvalidError(`${path} holds more than one frame, or bytes after it`)
}
