import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { EntryCorruptError } from '../../shared/archive/errors.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { blobName } from '../../shared/blobs/blob-name.ts'
import { ArchivePayloads } from '../../shared/archive/archive-payloads.ts'
import { craft } from './craft.ts'
import { memorySource } from './memory.ts'
import { writeArchive } from './sample.ts'

const one = Buffer.from('{"a":1}')
const two = Buffer.from('{"b":2}')
const blob = Buffer.from('{"c":3}')
const entry = (content: Buffer, line: Readonly<Record<string, unknown>> = { kind: 'payload' }) => ({
  path: `payloads/${hash('sha256', content)}`,
  content,
  line,
})

/** Two payloads and a blob, in archive order. */
const archiveOf = (): Buffer =>
  craft({
    entries: [
      entry(one),
      entry(two),
      { ...entry(blob, { kind: 'blob', file_id: 'c' }), path: `blobs/${blobName('c')}` },
    ],
  })
const payloadsOf = async (bytes: Buffer): Promise<ArchivePayloads> =>
  new ArchivePayloads(await openArchive(memorySource(bytes)))

describe('ArchivePayloads', () => {
  it('returns payloads in any order and repeatedly', async () => {
    const payloads = await payloadsOf(archiveOf())
    expect(await payloads.get(hash('sha256', two))).toEqual(two)
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
    expect(await payloads.get(hash('sha256', two))).toEqual(two)
  })

  it.each([
    ['does not exist', hash('sha256', 'x')],
    ['belongs to a blob', hash('sha256', blob)],
  ])('returns undefined for a checksum that %s', async (_, sha256) => {
    const payloads = await payloadsOf(archiveOf())
    expect(await payloads.get(sha256)).toBeUndefined()
    expect(await payloads.get(sha256)).toBeUndefined()
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
  })

  it('rejects a payload that is corrupt', async () => {
    const bytes = archiveOf()
    bytes.write('9', bytes.indexOf('{"b":2}') + 5)
    const payloads = await payloadsOf(bytes)
    const sha256 = hash('sha256', two)
    await expect(payloads.get(sha256)).rejects.toThrow(
      new EntryCorruptError(`payloads/${sha256}`, sha256, hash('sha256', '{"b":9}')),
    )
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
  })

  it('searches only segments without a model', async () => {
    const bytes = await writeArchive({
      models: { a: [{ id: 'r', revisions: [{ n: 1, data: '{}' }] }] },
      blobs: { b: Buffer.from('{}') },
    })
    const source = memorySource(bytes)
    const reads: number[] = []
    const archive = await openArchive({
      ...source,
      read: (start, length) => {
        reads.push(start)
        return source.read(start, length)
      },
    })
    reads.length = 0
    expect(await new ArchivePayloads(archive).get(hash('sha256', '{}'))).toBeUndefined()
    const segments = archive.segments.filter(({ model }) => model === undefined)
    expect(segments).toHaveLength(1)
    // The index of a small segment is read together with the rest of the segment.
    expect(reads).toEqual(segments.map(({ offset }) => offset))
  })
})
