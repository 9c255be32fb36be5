import { promisify } from 'node:util'
import zlib from 'node:zlib'

const compress = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)

/** Level 1 packs record lines nearly as well as the levels above it, at several times their speed. Its windows are small. */
const OPTIONS: zlib.ZstdOptions = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }

/** One zstd frame. */
export const packZstd = (bytes: Buffer): Promise<Buffer> => compress(bytes, OPTIONS)
