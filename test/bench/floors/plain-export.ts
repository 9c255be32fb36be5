import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import pMap from 'p-map'
import { CONCURRENT, type Floor } from './floor.ts'
import { pagesOf } from './pages.ts'

const compress = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)
const LEVEL_1: zlib.ZstdOptions = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }
/** The size of the compressed chunks. An archive has chunks of the same order. */
const CHUNK_BYTES = 4 * 1024 * 1024

/** Reads all items, writes them as JSON lines, and hashes and compresses the lines. Discards the result. */
export const plainExport: Floor = {
  run: async ({ dynamo, table, partitions }) => {
    await pMap(
      partitions,
      async (partition) => {
        const hash = createHash('sha256')
        let lines: Buffer[] = []
        let size = 0
        const end = async (): Promise<void> => {
          const chunk = Buffer.concat(lines)
          hash.update(chunk)
          await compress(chunk, LEVEL_1)
          lines = []
          size = 0
        }
        for await (const items of pagesOf(dynamo, table, partition))
          for (const item of items) {
            const line = Buffer.from(`${JSON.stringify({ Item: item })}\n`)
            lines.push(line)
            size += line.length
            if (size >= CHUNK_BYTES) await end()
          }
        await end()
        hash.digest()
      },
      { concurrency: CONCURRENT.partitions },
    )
  },
}
