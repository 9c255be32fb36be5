import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readLineBatches } from '../../shared/archive/chunk-lines.ts'
import { ArchiveInvalidError, RecordInvalidError } from '../../shared/archive/errors.ts'
import type { RecordsEntry } from '../../shared/archive/index-line.ts'

const MIB = 1024 * 1024
const path = 'models/city/s.jsonl.zst'

const chunk = (text: string | Buffer, change: Partial<RecordsEntry> = {}): [RecordsEntry, Readable] => {
  const bytes = Buffer.from(text)
  const content = zstdCompressSync(bytes)
  return [
    {
      kind: 'records',
      path,
      offset: 512,
      size: content.length,
      sha256: hash('sha256', content),
      unpacked_size: bytes.length,
      model: 'city',
      resources: 1,
      revisions: 1,
      first_h: '0'.repeat(16),
      last_h: '0'.repeat(16),
      ...change,
    },
    Readable.from([content]),
  ]
}
const batchSizes = async (...args: Parameters<typeof readLineBatches>): Promise<number[]> => {
  const sizes: number[] = []
  for await (const batch of readLineBatches(...args)) sizes.push(batch.length)
  return sizes
}

describe('the lines of a chunk', () => {
  it('are returned with their newlines', async () => {
    const lines: string[] = []
    for await (const batch of readLineBatches(...chunk('a\n\nbc\n'))) lines.push(...batch.map(String))
    expect(lines).toEqual(['a\n', '\n', 'bc\n'])
  })

  it('are returned in batches of 100', async () => {
    expect(await batchSizes(...chunk(''))).toEqual([])
    expect(await batchSizes(...chunk('x\n'.repeat(99)))).toEqual([99])
    expect(await batchSizes(...chunk('x\n'.repeat(100)))).toEqual([100])
    expect(await batchSizes(...chunk('x\n'.repeat(201)))).toEqual([100, 100, 1])
  })

  it('must have at most 1 MiB', async () => {
    const longest = Buffer.alloc(MIB, 'x')
    longest[MIB - 1] = 0x0a
    const sixteen = Buffer.concat(Array.from({ length: 16 }, () => longest))
    expect(await batchSizes(...chunk(sixteen, { size: 17 * MIB }))).toEqual([16])
    await expect(batchSizes(...chunk(`a\nb\n${'x'.repeat(MIB)}\n`))).rejects.toThrow(
      new RecordInvalidError('the line has more than 1048576 bytes', { entry: path, line: 3 }),
    )
  })

  it('must end in a newline', async () => {
    await expect(batchSizes(...chunk('a\nb'))).rejects.toThrow(
      new RecordInvalidError('the line does not end in a newline', { entry: path, line: 2 }),
    )
  })

  it('are not read from an entry of another kind or over 16 MiB', async () => {
    const error = new ArchiveInvalidError(`entry ${path} is not a chunk of records of at most ${16 * MIB} bytes`)
    await expect(batchSizes(...chunk('x\n', { size: 17 * MIB + 1 }))).rejects.toThrow(error)
    await expect(batchSizes(...chunk('x\n', { unpacked_size: 16 * MIB + 1 }))).rejects.toThrow(error)
    const payload = { kind: 'payload' as const, path, offset: 0, size: 0, sha256: 'a'.repeat(64) }
    await expect(batchSizes(payload, Readable.from([]))).rejects.toThrow(error)
  })
})
