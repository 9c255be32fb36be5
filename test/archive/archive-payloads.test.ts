import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, EntryCorruptError } from '../../shared/archive/errors.ts'
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

/** Payloads stand in the order of their checksums, then blobs. */
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

describe("an archive's payloads", () => {
  it('are found by their checksums, in any order and again', async () => {
    const payloads = await payloadsOf(archiveOf())
    expect(await payloads.get(hash('sha256', two))).toEqual(two)
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
    expect(await payloads.get(hash('sha256', two))).toEqual(two)
  })

  it.each([
    ['nothing has', hash('sha256', 'x')],
    ['a blob has', hash('sha256', blob)],
  ])('are none of a checksum that %s', async (_what, sha256) => {
    const payloads = await payloadsOf(archiveOf())
    const refused = new ArchiveInvalidError(`payload ${sha256} is referred to and not in the archive`)
    await expect(payloads.get(sha256)).rejects.toThrow(refused)
    await expect(payloads.get(sha256)).rejects.toThrow(refused)
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
  })

  it('are refused where their bytes are others', async () => {
    const bytes = archiveOf()
    bytes.write('9', bytes.indexOf('{"b":2}') + 5)
    const payloads = await payloadsOf(bytes)
    const sha256 = hash('sha256', two)
    await expect(payloads.get(sha256)).rejects.toThrow(
      new EntryCorruptError(`payloads/${sha256}`, sha256, hash('sha256', '{"b":9}')),
    )
    expect(await payloads.get(hash('sha256', one))).toEqual(one)
  })

  it('are looked for in segments without a model only', async () => {
    const bytes = await writeArchive({
      models: { a: [{ id: 'r', revisions: [{ n: 1, data: '{}' }] }] },
      blobs: { b: Buffer.from('{}') },
    })
    const sha256 = hash('sha256', '{}')
    await expect((await payloadsOf(bytes)).get(sha256)).rejects.toThrow('is referred to and not in the archive')
  })
})
