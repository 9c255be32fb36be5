import { describe, expect, it } from 'vitest'
import { hash } from 'node:crypto'
import { ArchiveInvalidError, ArchiveTruncatedError, EntryCorruptError } from '../../shared/archive/errors.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { encodeTrailer } from '../../shared/archive/tail.ts'
import { walkArchive } from '../../shared/archive/walk.ts'
import { craftRecords } from './craft.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { writeArchive } from './sample.ts'
import { changed, entryBytes, filesOf, headerBytes } from './tar-blocks.ts'

const MIB = 1024 * 1024
/**
 * Programs that repack a tar often end it with more zero blocks, so that the trailer is not in the last 2,048 bytes.
 */
const LONGER_END = Buffer.alloc(1536)

const tarOf = (files: ReadonlyMap<string, Buffer>): Buffer =>
  Buffer.concat([...[...files].map(([name, content]) => entryBytes(name, content)), LONGER_END])

const archive = await writeArchive({
  models: {
    city: [{ id: 'city:1', revisions: [{ n: 1, data: '{}' }] }],
    town: [{ id: 'town:1', revisions: [{ n: 1, data: '{}' }] }],
  },
  blobs: { 'flag/1': Buffer.from('a blob') },
})
const original = filesOf(archive)
const [CITY, BLOB, INDEX] = ['models/city/m-0-00000.jsonl.zst', 'blobs/flag%2F1', 'index/m-0.jsonl.zst'] as const
const contentOf = (name: string): Buffer => original.get(name) ?? Buffer.alloc(0)
const without = (...names: string[]): Map<string, Buffer> =>
  new Map([...original].filter(([name]) => !names.includes(name)))
const replaced = (name: string, content: Buffer): Map<string, Buffer> => new Map([...original, [name, content]])
/** The files with a changed manifest, and a trailer that matches it except for `trailer`. */
const withManifest = (
  change: (json: string) => string,
  trailer: { readonly size?: number } = {},
): Map<string, Buffer> => {
  const json = Buffer.from(change(contentOf('manifest.json').toString()))
  const location = { offset: 512, size: json.length, sha256: hash('sha256', json), ...trailer }
  return new Map([...original, ['manifest.json', json], ['acbak.trailer', encodeTrailer(location)]])
}

const reading = (bytes: Buffer): Promise<unknown> => readAll(memorySource(bytes, MIB))
const expectError = async (bytes: Buffer, error: Error): Promise<void> => {
  await expect(reading(bytes)).rejects.toThrow(error)
}
const invalid = (what: string): Error => new ArchiveInvalidError(what)
const truncated = (what: string): Error => new ArchiveTruncatedError(what)

describe('a repacked archive', () => {
  it('is read whatever the order of its files, and its trailer proves its manifest', async () => {
    const { items, blobs } = await readAll(memorySource(archive))
    const reversed = new Map([...original].reverse())
    expect(await readAll(memorySource(tarOf(reversed), 100))).toMatchObject({
      walked: true,
      proven: true,
      items,
      blobs,
    })
    expect(await readAll(memorySource(tarOf(without('acbak.trailer'))))).toMatchObject({ walked: true, proven: false })
  })

  it('has entries with offsets from the start of the archive', async () => {
    const bytes = tarOf(new Map([...original].reverse()))
    const { segments, manifestSha256 } = await openArchive(memorySource(bytes))
    expect(manifestSha256).toBe(hash('sha256', contentOf('manifest.json')))
    for (const { offset, walked } of segments) {
      expect(offset).toBe(0)
      for (const entry of walked ?? []) {
        const content = bytes.subarray(entry.offset, entry.offset + entry.size)
        expect(content.equals(contentOf(entry.path))).toBe(true)
      }
    }
    expect(segments.map(({ walked }) => walked?.map(({ path }) => path))).toEqual([
      [CITY],
      ['models/town/m-1-00000.jsonl.zst'],
      [BLOB],
    ])
  })

  it('may have names that begin with ./, directories, and more zero bytes at its end', async () => {
    const dotted = Buffer.concat([
      changed(headerBytes('./', 0), undefined, '5'),
      headerBytes('./models/', 0),
      ...[...original].map(([name, content]) => entryBytes(`././/${name}`, content)),
      Buffer.alloc(10_240),
    ])
    expect(await reading(dotted)).toMatchObject({ walked: true, proven: true })
  })

  it('is rejected with two entries of the same name', async () => {
    const message = invalid(`the tar has two entries ${BLOB}`)
    await expectError(Buffer.concat([entryBytes(BLOB, contentOf(BLOB)), tarOf(original)]), message)
    await expectError(Buffer.concat([entryBytes(`./${BLOB}`, contentOf(BLOB)), tarOf(original)]), message)
  })

  it('is rejected with a file that no index lists', async () => {
    await expectError(tarOf(replaced('more', Buffer.alloc(0))), invalid('entry more is not listed in any index'))
    await expectError(
      tarOf(replaced('index/more', contentOf(INDEX))),
      invalid('entry index/more is not listed in any index'),
    )
  })

  it('is rejected with more files or longer names than the limits on memory allow', async () => {
    const source = memorySource(tarOf(original))
    const [files, nameBytes] = [original.size, [...original.keys()].join('').length]
    expect((await walkArchive(source, { files, nameBytes })).walked).toBe(true)
    await expect(walkArchive(source, { files: files - 1, nameBytes })).rejects.toThrow(
      invalid(`the tar has more than ${files - 1} files`),
    )
  })

  it('is rejected without an entry that an index lists', async () => {
    await expectError(tarOf(without(BLOB)), invalid(`entry ${BLOB} is missing, but an index lists it`))
  })

  it('is rejected with an entry whose content does not match the index, before contents are read again', async () => {
    const other = Buffer.from('b blob')
    await expect(openArchive(memorySource(tarOf(replaced(BLOB, other))))).rejects.toThrow(
      new EntryCorruptError(BLOB, hash('sha256', 'a blob'), hash('sha256', other)),
    )
  })

  it('is rejected with an index that lists a wrong size of an entry', async () => {
    const files = filesOf(craftRecords({ line: { size: 5 } }))
    const name = 'models/city/s-00000.jsonl.zst'
    await expectError(
      tarOf(files),
      invalid(`entry ${name} has ${files.get(name)?.length} bytes, but its index line states 5`),
    )
  })

  it('is rejected without one of its indexes', async () => {
    await expectError(tarOf(without(INDEX)), truncated('it has no index for segment 0'))
    await expectError(tarOf(without('index/m-1.jsonl.zst')), truncated('it has no index for segment 1'))
  })

  it('may have its indexes under any name outside of the folders of entries', async () => {
    const moved = (name: string): Map<string, Buffer> => new Map([...without(INDEX), [name, contentOf(INDEX)]])
    expect(await reading(tarOf(moved('elsewhere')))).toMatchObject({ walked: true })
    for (const folder of ['models', 'payloads', 'blobs'])
      await expectError(tarOf(moved(`${folder}/x`)), truncated('it has no index for segment 0'))
  })

  it('is rejected with an index that does not have the size in the manifest', async () => {
    const { length } = contentOf(INDEX)
    const member = `"size":${length},"sha256":"${hash('sha256', contentOf(INDEX))}"`
    await expectError(
      tarOf(withManifest((json) => json.replace(member, member.replace(String(length), '1')))),
      invalid(`index ${INDEX} has ${length} bytes, but the manifest states 1`),
    )
  })

  it('is rejected if its manifest uses the same index for two segments', async () => {
    const twice = withManifest((json) => json.replace(/(\{"offset":\d+,"size":\d+,"frame_sha256".*\})\]\}$/, '$1,$1]}'))
    await expectError(tarOf(twice), truncated('it has no index for segment 3'))
    await expectError(
      tarOf(new Map([...twice, ['index/again', contentOf('index/blobs-0.jsonl.zst')]])),
      invalid(`entry ${BLOB} is listed in two indexes`),
    )
  })

  it('is rejected without a manifest, and with one over 32 MiB', async () => {
    await expectError(tarOf(without('manifest.json')), truncated('it has no manifest.json'))
    await expectError(
      tarOf(new Map([['manifest.json', Buffer.alloc(32 * MIB + 1)]])),
      invalid(`manifest.json: the manifest has ${32 * MIB + 1} bytes; at most ${32 * MIB} are allowed`),
    )
  })

  it('is rejected with a trailer that is malformed or belongs to another manifest', async () => {
    for (const size of [511, 513])
      await expectError(
        tarOf(replaced('acbak.trailer', Buffer.alloc(size))),
        invalid(`acbak.trailer has ${size} bytes instead of 512`),
      )
    await expectError(
      tarOf(replaced('acbak.trailer', Buffer.alloc(512))),
      invalid('acbak.trailer must be the canonical JSON of FORMAT.md, padded with spaces to 512 bytes'),
    )
    const json = contentOf('manifest.json')
    const changedJson = Buffer.from(json.toString().replace('"sample"', '"simple"'))
    await expectError(
      tarOf(replaced('manifest.json', changedJson)),
      new EntryCorruptError('manifest.json', hash('sha256', json), hash('sha256', changedJson)),
    )
    await expectError(
      tarOf(withManifest((text) => text, { size: 7 })),
      invalid(`manifest.json has ${json.length} bytes, but acbak.trailer states 7`),
    )
  })

  it('is rejected if it ends early', async () => {
    const cut = (length: number): Buffer =>
      Buffer.concat([entryBytes('x', Buffer.from('x')), headerBytes('y', length), Buffer.alloc(1024)])
    await expectError(cut(1025), truncated('it ends inside entry y'))
    await expectError(cut(1024), truncated('it ends inside an entry'))
    await expectError(cut(512), truncated('the tar must end in 1024 zero bytes'))
    await expectError(cut(511), truncated('the tar must end in 1024 zero bytes'))
    await expect(reading(cut(0))).rejects.toThrow('the file is a tar of other files, such as "x"')
  })
})
