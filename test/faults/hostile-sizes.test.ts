import process from 'node:process'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { MAX_WALKED_FILES } from '../../shared/archive/limits.ts'
import { openArchive } from '../../shared/archive/open.ts'
import type { ArchiveSource } from '../../shared/archive/source.ts'
import { checksumOf, encodeHeader } from '../../shared/archive/tar-header.ts'
import { changed } from '../archive/tar-blocks.ts'

const BLOCK = 512
const MIB = 1024 * 1024

/** Bytes that are made as they are asked for: `block` gives each block of 512. */
const madeSource = (blocks: number, block: (n: number) => Buffer): ArchiveSource => {
  const bytes = (start: number, length: number): Buffer => {
    const made: Buffer[] = []
    for (let at = start; at < start + length; at += BLOCK) made.push(block(at / BLOCK))
    return Buffer.concat(made, length)
  }
  return {
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

/** What a reading takes at its highest, beyond what there was before. */
const peakOf = async (reading: Promise<unknown>): Promise<number> => {
  const before = process.memoryUsage().rss
  let peak = before
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 20)
  await reading.finally(() => {
    clearInterval(watch)
  })
  return (peak - before) / MIB
}

describe('an archive made to exhaust its reader', () => {
  it(
    'of more than a million tiny entries is refused, in memory for a million names',
    { timeout: 300_000 },
    async () => {
      const header = encodeHeader(`blobs/${'0'.repeat(12)}`, 0)
      // The name alone differs: its digits, and the checksum by as much.
      const named = (n: number): Buffer => {
        const block = Buffer.from(header)
        block.write(n.toString().padStart(12, '0'), 6, 'latin1')
        block.write(checksumOf(block).toString(8).padStart(6, '0'), 148, 'latin1')
        return block
      }
      const source = madeSource(MAX_WALKED_FILES + 3, (n) => (n > MAX_WALKED_FILES ? ZEROS : named(n)))
      const refused = expect(openArchive(source)).rejects.toThrow(
        `a repacked tar of more than ${MAX_WALKED_FILES} files`,
      )
      expect(await peakOf(refused)).toBeLessThan(600)
    },
  )

  it('with a header of a gigabyte is refused before it is read', async () => {
    const size = 1024 * MIB
    const pax = changed(encodeHeader('PaxHeader', size), undefined, 'x')
    const source = madeSource(size / BLOCK + 3, (n) => (n === 0 ? pax : ZEROS))
    const refused = expect(openArchive(source)).rejects.toThrow(`a header of ${size} bytes`)
    expect(await peakOf(refused)).toBeLessThan(100)
  })
})
