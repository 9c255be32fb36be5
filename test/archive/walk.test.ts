import { describe, expect, it } from 'vitest'
import { hash } from 'node:crypto'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  UnsupportedVersionError,
} from '../../shared/archive/errors.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { encodeTrailer } from '../../shared/archive/tail.ts'
import { encodeHeader, paddingOf } from '../../shared/archive/tar-header.ts'
import { eofFrame, headerFrame } from '../../shared/specstar/stream-frame.ts'
import { walkArchive } from '../../shared/archive/walk.ts'
import { craftRecords } from './craft.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { MANIFEST, writeArchive } from './sample.ts'
import { changed, extended, pax, record } from './tar-blocks.ts'

const MIB = 1024 * 1024
const END = Buffer.alloc(1024)
/** As programs that pack again leave it: the trailer does not stand where it is looked for. */
const LONGER_END = Buffer.alloc(1536)

type Files = ReadonlyMap<string, Buffer>

/** The files of an archive that the product wrote. */
const filesOf = (archive: Buffer): Map<string, Buffer> => {
  const files = new Map<string, Buffer>()
  for (let at = 0; archive[at] !== 0;) {
    const name = archive.toString('latin1', at, at + 100).replace(/\0+$/, '')
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8)
    files.set(name, archive.subarray(at + 512, at + 512 + size))
    at += 512 + size + paddingOf(size)
  }
  return files
}
const entryOf = (name: string, content: Buffer, header = encodeHeader(name, content.length)): Buffer =>
  Buffer.concat([header, content, Buffer.alloc(paddingOf(content.length))])
const tarOf = (files: Files, end = LONGER_END): Buffer =>
  Buffer.concat([...[...files].map(([name, content]) => entryOf(name, content)), end])

const source = await writeArchive({
  models: {
    city: [{ id: 'city:1', revisions: [{ n: 1, data: '{}' }] }],
    town: [{ id: 'town:1', revisions: [{ n: 1, data: '{}' }] }],
  },
  blobs: { 'flag/1': Buffer.from('a blob') },
})
const original = filesOf(source)
const [CITY, BLOB, INDEX] = ['models/city/m-0-00000.jsonl.zst', 'blobs/flag%2F1', 'index/m-0.jsonl.zst'] as const
const contentOf = (name: string, files: Files = original): Buffer => files.get(name) ?? Buffer.alloc(0)
const without = (...names: string[]): Map<string, Buffer> =>
  new Map([...original].filter(([name]) => !names.includes(name)))
const replaced = (name: string, content: Buffer): Map<string, Buffer> => new Map([...original, [name, content]])
/** With another manifest, and the trailer that it then has. */
const saying = (change: (json: string) => string, trailer: { readonly size?: number } = {}): Map<string, Buffer> => {
  const json = Buffer.from(change(contentOf('manifest.json').toString()))
  const place = { offset: 512, size: json.length, sha256: hash('sha256', json), ...trailer }
  return new Map([...original, ['manifest.json', json], ['acbak.trailer', encodeTrailer(place)]])
}

const reading = (bytes: Buffer): Promise<unknown> => readAll(memorySource(bytes, MIB))
const isRefused = async (bytes: Buffer, error: Error): Promise<void> => {
  await expect(reading(bytes)).rejects.toThrow(error)
}
const invalid = (what: string): Error => new ArchiveInvalidError(what)
const truncated = (what: string): Error => new ArchiveTruncatedError(what)

describe('a tar that was repacked', () => {
  it('is walked in any order of its files, and proven by its trailer', async () => {
    const { items, blobs } = await readAll(memorySource(source))
    const turned = new Map([...original].reverse())
    expect(await readAll(memorySource(tarOf(turned), 100))).toMatchObject({ walked: true, proven: true, items, blobs })
    expect(await readAll(memorySource(tarOf(without('acbak.trailer'))))).toMatchObject({ walked: true, proven: false })
  })

  it('gives the place of every entry, from the start of the archive', async () => {
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

  it('may have ./ before its names, folders, and more zeros at its end', async () => {
    const dotted = Buffer.concat([
      changed(encodeHeader('./', 0), undefined, '5'),
      encodeHeader('./models/', 0),
      ...[...original].map(([name, content]) => entryOf(`././/${name}`, content)),
      Buffer.alloc(10_240),
    ])
    expect(await reading(dotted)).toMatchObject({ walked: true, proven: true })
  })

  it.each(['/a', 'a//b', 'a/./b', 'a/../b', '..', '../a', 'a/..', './../a', 'a/', '/'])(
    'holds no entry called %s',
    async (name) => {
      const shown = JSON.stringify(name.replace(/^\.\//, ''))
      await isRefused(
        tarOf(replaced(name, Buffer.from('x'))),
        invalid(`entry ${shown} has a name that leads elsewhere`),
      )
    },
  )

  it('holds no entry with a zero character in its name', async () => {
    const named = Buffer.concat([extended('x', Buffer.from('12 path=a\0b\n')), encodeHeader('x', 0)])
    await isRefused(
      Buffer.concat([named, tarOf(original)]),
      invalid('entry "a\\u0000b" has a name that leads elsewhere'),
    )
  })

  it('holds every file once, and none that no index names', async () => {
    const blob = entryOf(BLOB, contentOf(BLOB))
    await isRefused(Buffer.concat([blob, tarOf(original)]), invalid(`entry ${BLOB} is there twice`))
    await isRefused(
      Buffer.concat([entryOf(`./${BLOB}`, contentOf(BLOB)), tarOf(original)]),
      invalid(`entry ${BLOB} is there twice`),
    )
    await isRefused(tarOf(replaced('more', Buffer.alloc(0))), invalid('entry more is named by no index'))
    await isRefused(tarOf(replaced('index/more', contentOf(INDEX))), invalid('entry index/more is named by no index'))
  })

  it('holds at most so many files as are held in memory', async () => {
    const bytes = memorySource(tarOf(original))
    const [files, namesBytes] = [original.size, [...original.keys()].join('').length]
    expect((await walkArchive(bytes, { files, namesBytes })).walked).toBe(true)
    await expect(walkArchive(bytes, { files: files - 1, namesBytes })).rejects.toThrow(
      invalid(`a repacked tar of more than ${files - 1} files`),
    )
    await expect(walkArchive(bytes, { files, namesBytes: namesBytes - 1 })).rejects.toThrow(
      invalid(`a repacked tar whose names take more than ${namesBytes - 1} bytes`),
    )
  })

  it.each(['../', '/', '/a/', 'a/../b/', './..//'])('holds no directory %s', async (name) => {
    const directory = changed(encodeHeader(name, 0), undefined, '5')
    await expect(reading(Buffer.concat([directory, tarOf(original)]))).rejects.toThrow('a name that leads elsewhere')
  })

  it('holds names of at most 1,100 bytes', async () => {
    const named = (length: number): Buffer =>
      Buffer.concat([pax(record('path', 'ü'.repeat(length / 2))), entryOf('x', Buffer.alloc(0)), tarOf(original)])
    await isRefused(named(1_100), invalid(`entry ${'ü'.repeat(550)} is named by no index`))
    await isRefused(named(1_102), invalid('a name of 1102 bytes'))
    const directory = changed(encodeHeader('d', 0), undefined, '5')
    const slashes = pax(record('path', `a${'/'.repeat(60_000)}b`))
    await isRefused(Buffer.concat([slashes, directory, tarOf(original)]), invalid('a name of 60002 bytes'))
  })

  it('holds every entry that an index names, with its content', async () => {
    await isRefused(tarOf(without(BLOB)), invalid(`entry ${BLOB} is not there, or is named twice`))
    const other = Buffer.from('b blob')
    // Before any content is read again.
    await expect(openArchive(memorySource(tarOf(replaced(BLOB, other))))).rejects.toThrow(
      new EntryCorruptError(BLOB, hash('sha256', 'a blob'), hash('sha256', other)),
    )
    await isRefused(
      memoryOfWrongSize(),
      invalid('entry models/city/s-00000.jsonl.zst is not of the size that the index says'),
    )
  })

  /** A walked archive whose index gives a chunk's true checksum and another size. */
  const memoryOfWrongSize = (): Buffer => tarOf(filesOf(craftRecords({ line: { size: 5 } })))

  it('holds its indexes, known by their checksums, under any name outside of the entries’ folders', async () => {
    await isRefused(tarOf(without(INDEX)), truncated('the index of segment 0 is not there'))
    await isRefused(tarOf(without('index/m-1.jsonl.zst')), truncated('the index of segment 1 is not there'))
    const moved = (name: string): Map<string, Buffer> => new Map([...without(INDEX), [name, contentOf(INDEX)]])
    expect(await reading(tarOf(moved('elsewhere')))).toMatchObject({ walked: true })
    for (const folder of ['models', 'payloads', 'blobs'])
      await isRefused(tarOf(moved(`${folder}/x`)), truncated('the index of segment 0 is not there'))
    const { length } = contentOf(INDEX)
    await isRefused(
      tarOf(
        saying((json) =>
          json.replace(`"size":${length},"sha256":"${hash('sha256', contentOf(INDEX))}"`, (said) =>
            said.replace(String(length), '1'),
          ),
        ),
      ),
      invalid(`index ${INDEX} is not of the size that the manifest says`),
    )
  })

  it('that names one index for two segments has it twice, but not its entries', async () => {
    const twice = saying((json) => json.replace(/(\{"offset":\d+,"size":\d+,"frame_sha256".*\})\]\}$/, '$1,$1]}'))
    await isRefused(tarOf(twice), truncated('the index of segment 3 is not there'))
    await isRefused(
      tarOf(new Map([...twice, ['index/again', contentOf('index/blobs-0.jsonl.zst')]])),
      invalid(`entry ${BLOB} is not there, or is named twice`),
    )
  })

  it('has a manifest of at most 32 MiB', async () => {
    await isRefused(tarOf(without('manifest.json')), truncated('it has no manifest.json'))
    await isRefused(
      tarOf(new Map([['manifest.json', Buffer.alloc(32 * MIB + 1)]])),
      invalid(`a manifest of ${32 * MIB + 1} bytes`),
    )
  })

  it('has a trailer of 512 bytes that names its manifest, or none', async () => {
    for (const size of [511, 513])
      await isRefused(tarOf(replaced('acbak.trailer', Buffer.alloc(size))), invalid(`a trailer of ${size} bytes`))
    await isRefused(
      tarOf(replaced('acbak.trailer', Buffer.alloc(512))),
      invalid('acbak.trailer is not written as it must be'),
    )
    const json = contentOf('manifest.json')
    const changedJson = Buffer.from(json.toString().replace('"sample"', '"simple"'))
    await isRefused(
      tarOf(replaced('manifest.json', changedJson)),
      new EntryCorruptError('manifest.json', hash('sha256', json), hash('sha256', changedJson)),
    )
    const other = saying((text) => text, { size: 7 })
    await isRefused(tarOf(other), invalid('the trailer names another size of the manifest'))
  })

  it('is let go of where it is refused', async () => {
    const refused = memorySource(Buffer.concat([entryOf('/a', Buffer.alloc(0)), tarOf(original)]))
    const stream = await refused.stream(0, refused.size)
    await expect(openArchive({ ...refused, stream: () => Promise.resolve(stream) })).rejects.toThrow('leads elsewhere')
    expect(stream.destroyed).toBe(true)
  })

  it('has only zeros between and behind its files', async () => {
    const blob = entryOf('x', Buffer.from('x'))
    blob[blob.length - 1] = 1
    await isRefused(Buffer.concat([blob, tarOf(original)]), invalid('the padding of entry x is not zero'))
    const after = (at: number): Buffer => tarOf(original, Buffer.concat([Buffer.alloc(at), Buffer.from('x'), END]))
    for (const at of [512, 1024, 5_000]) await isRefused(after(at), invalid('something follows the end of the tar'))
  })

  it('ends in 1,024 zero bytes behind a file', async () => {
    const first = entryOf('x', Buffer.from('x'))
    const cut = (length: number): Buffer => Buffer.concat([first, encodeHeader('y', length), END])
    await isRefused(cut(1025), truncated('it ends inside entry y'))
    await isRefused(cut(1024), truncated('it ends inside an entry'))
    await isRefused(cut(512), truncated('it has no end of a tar'))
    await isRefused(cut(511), truncated('it has no end of a tar'))
    await isRefused(cut(0), truncated('it has no manifest.json'))
  })
})

describe('an archive', () => {
  it('is a tar, of at least a block', async () => {
    await isRefused(Buffer.alloc(0), new NotAnArchiveError('it is empty'))
    const notTar = new NotAnArchiveError('it does not begin as a tar')
    for (const bytes of [Buffer.alloc(1), encodeHeader('a', 0).subarray(0, 511), Buffer.alloc(5_000)])
      await isRefused(bytes, notTar)
  })

  it('that is a stream of SpecStar is refused by its version', async () => {
    await isRefused(
      Buffer.concat([headerFrame(), eofFrame()]),
      new UnsupportedVersionError(2, "SpecStar's length-prefixed msgpack stream"),
    )
  })

  it('that was cut is refused without being read', async () => {
    const cut = truncated('it has neither a trailer nor the end of a tar')
    const header = encodeHeader('a', 0)
    await isRefused(header, cut)
    await isRefused(Buffer.concat([header, Buffer.alloc(511)]), cut)
    await isRefused(Buffer.concat([header, Buffer.alloc(512)]), cut)
    for (const at of [0, 1023]) {
      const end = Buffer.alloc(1024)
      end[at] = 1
      await isRefused(Buffer.concat([header, end]), cut)
    }
    await isRefused(Buffer.concat([header, END]), truncated('it has no manifest.json'))
    await isRefused(source.subarray(0, -512), cut)
  })

  it('may be its tail alone, of a manifest that names no segment', async () => {
    const json = Buffer.from(JSON.stringify(MANIFEST))
    const files = new Map([
      ['manifest.json', json],
      ['acbak.trailer', encodeTrailer({ offset: 512, size: json.length, sha256: hash('sha256', json) })],
    ])
    expect(await reading(tarOf(files, END))).toMatchObject({ walked: false, proven: true, items: [] })
    // The tail itself, without a manifest before it.
    await isRefused(tarOf(files, END).subarray(-2048), truncated('it has no manifest.json'))
  })

  it('has every byte of its tail as it must be', async () => {
    const manifest =
      source.length - 2048 - contentOf('manifest.json').length - paddingOf(contentOf('manifest.json').length)
    const broken = (at: number): Buffer => {
      const bytes = Buffer.from(source)
      bytes[at] = bytes.readUInt8(at) ^ 1
      return bytes
    }
    const json = contentOf('manifest.json')
    await isRefused(broken(manifest - 512), invalid('the header of the manifest is not written as it must be'))
    await isRefused(broken(manifest - 1), invalid('the header of the manifest is not written as it must be'))
    const changedJson = Buffer.from(json)
    changedJson[0] = json.readUInt8(0) ^ 1
    await isRefused(
      broken(manifest),
      new EntryCorruptError('manifest.json', hash('sha256', json), hash('sha256', changedJson)),
    )
    await isRefused(broken(source.length - 2049), invalid('the padding of the manifest is not zero'))
    await isRefused(broken(source.length - 1024), invalid('the end of the tar is not zero'))
    await isRefused(broken(source.length - 1), invalid('the end of the tar is not zero'))
  })

  it('has a manifest where its trailer says, of at most 32 MiB', async () => {
    const trailing = (place: object): Buffer => {
      const size = contentOf('manifest.json').length
      const offset = source.length - 2048 - size - paddingOf(size)
      const trailer = encodeTrailer({ offset, size, sha256: 'a'.repeat(64), ...place })
      return Buffer.concat([source.subarray(0, -1536), trailer, END])
    }
    const elsewhere = invalid('the manifest does not end where the trailer begins')
    const length = source.length - 2048
    await isRefused(trailing({ size: 32 * MIB + 1 }), invalid(`a manifest of ${32 * MIB + 1} bytes`))
    await isRefused(trailing({ size: 32 * MIB }), elsewhere)
    await isRefused(trailing({ offset: 0, size: length }), elsewhere)
    await isRefused(trailing({ offset: length - 1024 - 100, size: 1124 }), elsewhere)
    await isRefused(trailing({ offset: length - 1024, size: 512 }), elsewhere)
    await isRefused(
      trailing({ offset: 512, size: length - 512 }),
      invalid('the header of the manifest is not written as it must be'),
    )
    await isRefused(trailing({ offset: 2 ** 53 }), invalid('acbak.trailer is not written as it must be'))
  })
})
