import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { extract, pack } from 'tar-stream'
import type { StoredItems } from './items.ts'

const compress = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)
const decompress = promisify<Buffer, Buffer>(zlib.zstdDecompress)
const LEVEL_1: zlib.ZstdOptions = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }
const CHUNK_BYTES = 8 * 1024 * 1024

/**
 * A simple implementation for comparison: JSON lines in compressed chunks of 8 MiB in a tar, without checksums, index
 * or digest.
 */
export const write = async (resources: readonly StoredItems[], path: string): Promise<void> => {
  const tar = pack()
  const written = pipeline(tar, createWriteStream(path))
  for (const [n, chunk] of [...chunksOf(resources)].entries()) {
    const packed = await compress(chunk, LEVEL_1)
    await new Promise<void>((resolve, reject) => {
      tar.entry({ name: `${n}.jsonl.zst`, size: packed.length }, packed, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }
  tar.finalize()
  await written
}

/** Decompresses the chunks, splits them into lines and parses the lines. */
export const read = async (path: string): Promise<number> => {
  let lines = 0
  const tar = extract()
  const reading = pipeline(createReadStream(path), tar)
  for await (const entry of tar) {
    const text = (await decompress(await buffer(entry))).toString()
    for (let from = 0; from < text.length;) {
      const end = text.indexOf('\n', from)
      JSON.parse(text.slice(from, end))
      from = end + 1
      lines += 1
    }
  }
  await reading
  return lines
}

/** Writes the same chunks as files, for the programs `tar` and `zstd`. */
export const writeFiles = async (resources: readonly StoredItems[], folder: string): Promise<void> => {
  await mkdir(folder)
  let n = 0
  for (const chunk of chunksOf(resources)) await writeFile(join(folder, `${n++}.jsonl`), chunk)
}

function* chunksOf(resources: readonly StoredItems[]): Generator<Buffer> {
  let lines: Buffer[] = []
  let size = 0
  for (const { metadata, revisions } of resources) {
    for (const item of [metadata, ...revisions]) {
      const line = Buffer.from(`${JSON.stringify({ Item: item })}\n`)
      lines.push(line)
      size += line.length
    }
    if (size < CHUNK_BYTES) continue
    yield Buffer.concat(lines)
    lines = []
    size = 0
  }
  if (lines.length > 0) yield Buffer.concat(lines)
}
