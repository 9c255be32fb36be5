import process from 'node:process'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { MAX_WALKED_FILES } from '../../shared/archive/limits.ts'
import { openArchive } from '../../shared/archive/open.ts'
import type { ArchiveSource } from '../../shared/archive/archive.ts'
import { checksumOf } from '../../shared/archive/tar-reader.ts'
import { walkArchive } from '../../shared/archive/walk.ts'
import { changed, headerBytes, pax, record } from '../archive/tar-blocks.ts'

const BLOCK = 512
const MIB = 1024 * 1024

/**
 * An archive source that generates its bytes when they are read; `block` returns each block of 512 bytes. Every read
 * records the memory in MiB that the process has allocated since the source was created.
 */
const madeSource = (blocks: number, block: (n: number) => Buffer): ArchiveSource & { readonly peaks: number[] } => {
  const before = process.memoryUsage().rss
  const peaks: number[] = []
  const bytes = (start: number, length: number): Buffer => {
    peaks.push((process.memoryUsage().rss - before) / MIB)
    const made: Buffer[] = []
    for (let at = start; at < start + length; at += BLOCK) made.push(block(at / BLOCK))
    return Buffer.concat(made, length)
  }
  return {
    peaks,
    size: blocks * BLOCK,
    read: (start, length) => Promise.resolve(bytes(start, length)),
    stream: (start, length) =>
      Promise.resolve(
        Readable.from(
          (function* () {
            for (let at = start; at < start + length; at += MIB) yield bytes(at, Math.min(MIB, start + length - at))
          })(),
        ),
      ),
  }
}
const ZEROS = Buffer.alloc(BLOCK)

describe('an archive that is crafted to exhaust memory', () => {
  it('is rejected with bounded memory if it has more than a million tiny entries', { timeout: 300_000 }, async () => {
    const header = headerBytes(`blobs/${'0'.repeat(12)}`, 0)
    // Headers differ only in the digits of the name and in the checksum.
    const named = (n: number): Buffer => {
      const block = Buffer.from(header)
      block.write(n.toString().padStart(12, '0'), 6, 'latin1')
      block.write(checksumOf(block).toString(8).padStart(6, '0'), 148, 'latin1')
      return block
    }
    const source = madeSource(MAX_WALKED_FILES + 3, (n) => (n > MAX_WALKED_FILES ? ZEROS : named(n)))
    await expect(openArchive(source)).rejects.toThrow(`the tar has more than ${MAX_WALKED_FILES} files`)
    expect(source.peaks.length).toBeGreaterThan(400)
    expect(Math.max(...source.peaks)).toBeLessThan(512)
  })

  it('is rejected before it is read if a header has a gigabyte', async () => {
    const size = 1024 * MIB
    const pax = changed(headerBytes('PaxHeader', size), undefined, 'x')
    const source = madeSource(size / BLOCK + 3, (n) => (n === 0 ? pax : ZEROS))
    await expect(openArchive(source)).rejects.toThrow(`the tar header at byte 0 has a body of ${size} bytes`)
    expect(source.peaks.length).toBeLessThan(5)
  })

  it('is rejected if it has too many names of the maximum length', async () => {
    // Each entry is a pax header with a name of 1,100 bytes, followed by its file.
    const entry = (n: number): Buffer =>
      Buffer.concat([pax(record('path', n.toString().padStart(1_100, '0'))), headerBytes('x', 0)])
    const each = entry(0).length / BLOCK
    const source = madeSource(130_000 * each, (n) => {
      const at = (n % each) * BLOCK
      return entry(Math.floor(n / each)).subarray(at, at + BLOCK)
    })
    const walked = { ...source, read: () => Promise.resolve(Buffer.alloc(0)) }
    await expect(walkArchive(walked)).rejects.toThrow(`the names in the tar have more than ${128 * MIB} bytes`)
    expect(Math.max(...source.peaks)).toBeLessThan(512)
  })
})
