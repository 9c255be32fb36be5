import { zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { OpenArchive } from '../../shared/archive/archive.ts'
import { checkLeftOut } from '../../shared/archive/check-left-out.ts'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import type { UnrestorableStoredResource } from '../../shared/archive/left-out.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { memorySource } from './memory.ts'
import { writeArchive } from './sample.ts'
import { entryBytes, filesOf } from './tar-blocks.ts'

const resource = (n: number, reason = 'data_size must be a whole number'): UnrestorableStoredResource => ({
  model: 'city',
  resource_id: `city:${n}`,
  key: { pk: 'city#m#0', sk: `${n}` },
  reason,
})
const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`

const models = { city: [{ id: 'city:1', revisions: [{ n: 1, data: '{}' }] }] }
const written = await writeArchive({ models, leftOut: [resource(2), resource(3)] })
const opened = await openArchive(memorySource(written))

/** The same archive, but with this text in its list. Its size and checksum in the manifest are correct. */
const withList = (text: string | Buffer, unpacked?: number): OpenArchive => {
  const content = zstdCompressSync(Buffer.from(text))
  const { left_out } = opened.manifest
  if (left_out === undefined) throw new Error('the sample has no left_out')
  const list = { ...left_out.list, size: content.length, unpacked_size: unpacked ?? Buffer.byteLength(text) }
  return {
    ...opened,
    source: memorySource(content),
    leftOutOffset: 0,
    manifest: { ...opened.manifest, left_out: { ...left_out, list } },
  }
}
const TWO = lineOf(resource(2)) + lineOf(resource(3))

describe('checkLeftOut', () => {
  it('accepts the list that an export has written', async () => {
    await expect(checkLeftOut(opened)).resolves.toBeUndefined()
    await expect(checkLeftOut(withList(TWO))).resolves.toBeUndefined()
  })

  it('accepts an archive without such a list', async () => {
    await expect(checkLeftOut(await openArchive(memorySource(await writeArchive({ models }))))).resolves.toBeUndefined()
  })

  it('finds the list of an archive that was packed again in another order', async () => {
    const entries = [...filesOf(written)].reverse().map(([name, content]) => entryBytes(name, content))
    const repacked = await openArchive(memorySource(Buffer.concat([...entries, Buffer.alloc(1536)])))
    expect(repacked.leftOutOffset).not.toBe(opened.leftOutOffset)
    await expect(checkLeftOut(repacked)).resolves.toBeUndefined()
  })

  it('accepts more resources than the manifest lists, in lines that several pieces contain', async () => {
    const many = Array.from({ length: 1_500 }, (_, n) => resource(n, 'x'.repeat(2_000)))
    const archive = await openArchive(memorySource(await writeArchive({ models, leftOut: many })))
    await expect(checkLeftOut(archive)).resolves.toBeUndefined()
  })

  it.each<[string, OpenArchive, string]>([
    ['that lacks a resource', withList(lineOf(resource(2))), 'has 1 lines, but the manifest states left_out.count 2'],
    ['with one resource too many', withList(TWO + lineOf(resource(4))), 'has 3 lines, but the manifest states'],
    [
      'whose resource differs from the manifest',
      withList(lineOf(resource(2)) + lineOf(resource(4))),
      'line 2 of entry left-out.jsonl.zst differs from left_out.resources of the manifest',
    ],
    [
      'with a line that is not JSON',
      withList('{}}\n\n'),
      'line 1 of entry left-out.jsonl.zst does not describe a resource',
    ],
    [
      'with a line that lacks a member',
      withList(lineOf({ ...resource(2), reason: undefined })),
      'does not describe a resource: reason: is missing',
    ],
    [
      'with a line that is not UTF-8',
      withList(Buffer.from([...Buffer.from('{"'), 0xff, 0x0a])),
      'line 1 of entry left-out.jsonl.zst is not UTF-8',
    ],
    ['with a line that is nested too deep', withList(`${'['.repeat(65)}${']'.repeat(65)}\n`), 'deeper than 64 levels'],
    ['with an endless line', withList('x'.repeat(3 * 1024 * 1024)), 'has a line of more than 1048576 bytes'],
    ['whose last line does not end', withList(TWO.trimEnd()), 'the last line of entry left-out.jsonl.zst does not end'],
    ['that has more bytes than stated', withList(TWO, 10), 'decompresses to more than its unpacked_size of 10 bytes'],
    ['that has fewer bytes than stated', withList(TWO, 1_000), 'but its unpacked_size is 1000'],
  ])('rejects a list %s', async (_what, archive, message) => {
    const checked = checkLeftOut(archive)
    await expect(checked).rejects.toThrow(ArchiveInvalidError)
    await expect(checked).rejects.toThrow(message)
  })
})
