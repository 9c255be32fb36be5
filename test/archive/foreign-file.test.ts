import { describe, expect, it } from 'vitest'
import { gzipSync } from 'node:zlib'
import { openArchive } from '../../shared/archive/open.ts'
import { explainForeignFile, looksLikeJson } from '../../shared/archive/foreign-file.ts'
import { memorySource } from './memory.ts'
import { writeArchive } from './sample.ts'
import { entryBytes, filesOf } from './tar-blocks.ts'

const archive = await writeArchive({ models: { city: [{ id: 'city:1', revisions: [{ n: 1, data: '{}' }] }] } })
const files = [...filesOf(archive)]
const END = Buffer.alloc(10_240)

const tarOf = (entries: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([...entries.map(([name, content]) => entryBytes(name, content)), END])
const message = async (bytes: Buffer): Promise<string> => {
  const error: unknown = await openArchive(memorySource(bytes)).catch((thrown: unknown) => thrown)
  if (!(error instanceof Error)) throw new Error('the archive was opened')
  return `${error.name}: ${error.message}`
}

describe('a file that is not an archive', () => {
  it('is named if its first bytes belong to a known format', async () => {
    expect(await message(gzipSync(archive))).toBe(
      'NotAnArchiveError: not an .acbak archive: the file is a gzip file; decompress it with gunzip',
    )
    const heads: readonly (readonly [string, string])[] = [
      ['PK\x03\x04', 'a zip file'],
      ['PK\x05\x06', 'an empty zip file'],
      ['\x28\xb5\x2f\xfd', 'a zstd file'],
      ['BZh9', 'a bzip2 file'],
      ['\xfd7zXZ\0', 'an xz file'],
      ['7z\xbc\xaf\x27\x1c', 'a 7-Zip file'],
      ['\x00\x05\x16\x07\x00\x02\x00\x00', 'a file in which macOS keeps attributes of another file'],
      ['Rar!\x1a\x07', 'a RAR file'],
      ['\x04\x22\x4d\x18', 'an LZ4 file'],
      ['%PDF-1.7', 'a PDF file'],
      ['\x89PNG\r\n', 'a PNG image'],
      ['SQLite format 3\0', 'an SQLite database'],
      ['<?xml version="1.0"?><Error>', 'XML or HTML text'],
      ['{"from":{}}', 'JSON'],
      ['model,id\ncountry,1\n', 'text'],
    ]
    for (const [head, name] of heads) {
      const bytes = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from('x'.repeat(600))])
      expect(await message(bytes)).toContain(`not an .acbak archive: the file is ${name}`)
    }
    expect(explainForeignFile(Buffer.alloc(9)).message).toContain('the file begins with zero bytes')
    // The last character is cut off.
    expect(explainForeignFile(Buffer.from('Grüß').subarray(0, -1)).message).toContain('the file is text')
    for (const binary of [Buffer.from('text\0'), Buffer.from([0xff, 0xfe, 0x41])])
      expect(explainForeignFile(binary).message).toContain('does not begin with a tar header')
  })

  it('is JSON only if it is text that begins with a brace or a bracket', () => {
    for (const text of ['{}', ' \r\n\t[', '\ufeff{"a"', '{broken']) expect(looksLikeJson(Buffer.from(text))).toBe(true)
    for (const text of ['', 'x{', '"text"', '{\0']) expect(looksLikeJson(Buffer.from(text))).toBe(false)
  })
})

describe('a tar that is not an archive', () => {
  it('is rejected with the name of the folder that contains the archive', async () => {
    const packed = (folder: string) => files.map(([name, content]) => [`${folder}/${name}`, content] as const)
    const mac = [
      ['._backup', Buffer.from('x')],
      ['backup/._manifest.json', Buffer.from('x')],
    ] as const
    for (const entries of [packed('backup'), packed('./backup'), [...mac, ...packed('backup')]])
      expect(await message(tarOf(entries))).toContain(
        'NotAnArchiveError: not an .acbak archive: the files are in the folder "backup" of the tar, ' +
          'but must be at the top level; ' +
          'pack the content of the folder instead of the folder itself: tar -cf backup.acbak -C {folder} .',
      )
    for (const missing of ['manifest.json', 'acbak.trailer'])
      expect(await message(tarOf(packed('a/b').filter(([name]) => !name.endsWith(missing))))).toContain('"a/b"')
  })

  it('is rejected with the name of the archive that it contains as a file', async () => {
    expect(await message(tarOf([['dir/backup.acbak', archive]]))).toContain(
      'the file is a tar that contains the file "dir/backup.acbak"',
    )
  })

  it('is rejected with the name of a file that macOS has added to it', async () => {
    for (const name of ['._manifest.json', 'models/._city', '.DS_Store', '__MACOSX/x'])
      expect(await message(tarOf([[name, Buffer.from('x')], ...files]))).toContain(
        `entry ${name} is a file that macOS has added; pack the archive again without such files: ` +
          'COPYFILE_DISABLE=1 tar --exclude .DS_Store …',
      )
  })

  it('is named if it contains only other files, or only files of macOS, or nothing', async () => {
    const other = 'NotAnArchiveError: not an .acbak archive: the file is a tar of other files, such as "hello.txt"'
    expect(await message(tarOf([['hello.txt', Buffer.from('x')]]))).toContain(other)
    expect(await message(tarOf([['./hello.txt', Buffer.from('x')]]).subarray(0, -9_900))).toContain(other)
    expect(await message(tarOf([['._hello.txt', Buffer.from('x')]]))).toContain(
      'the file is a tar that contains only files that macOS has added, such as "._hello.txt"; ' +
        'check whether this is the right file',
    )
    expect(await message(Buffer.concat([entryBytes('a/', Buffer.alloc(0)), END]))).toContain(
      'the file is a tar without files',
    )
  })

  it('is truncated if it contains files of an archive, or if its first header is not that of a file', async () => {
    for (const name of ['models/city/a', 'index/s.jsonl.zst', 'acbak.trailer'])
      expect(await message(tarOf([[name, Buffer.from('x')]]))).toBe(
        'ArchiveTruncatedError: the archive is truncated: it has no manifest.json',
      )
    const long = entryBytes(`${'a/'.repeat(150)}b`, Buffer.from('x'))
    for (const bytes of [archive.subarray(0, archive.length / 2), long])
      expect(await message(bytes)).toBe(
        'ArchiveTruncatedError: the archive is truncated: the end of the archive is missing',
      )
  })
})

describe('an archive that other bytes follow', () => {
  it('is rejected with the position of its end', async () => {
    for (const bytes of [Buffer.from('\n'), Buffer.alloc(512, 1), Buffer.alloc(300_000, 1)])
      expect(await message(Buffer.concat([archive, bytes]))).toBe(
        `ArchiveInvalidError: the archive is invalid: ` +
          `${bytes.length === 1 ? '1 other byte follows' : `${bytes.length} other bytes follow`} its end, ` +
          `which is at byte ${archive.length}; to remove ${bytes.length === 1 ? 'it' : 'them'}, ` +
          `run: head -c ${archive.length} ARCHIVE > COPY`,
      )
  })

  it('is rejected with the position of its end if it is larger than the part in which the end is searched', async () => {
    const large = await writeArchive({ models: {}, blobs: { large: Buffer.alloc(1024 * 1024 + 1000, 1) } })
    expect(await message(Buffer.concat([large, Buffer.alloc(7, 1)]))).toContain(
      `7 other bytes follow its end, which is at byte ${large.length}; `,
    )
  })

  it('is truncated if the end belongs to another archive that is stored in it', async () => {
    const outer = await writeArchive({
      models: { city: [{ id: 'a', revisions: [{ n: 1, data: '{}' }] }] },
      blobs: { backup: archive },
    })
    const end = outer.indexOf(archive) + archive.length
    expect(await message(outer.subarray(0, end + 100))).toContain('ArchiveTruncatedError')
  })

  it('is truncated if the bytes are too many to find its end', async () => {
    expect(await message(Buffer.concat([archive, Buffer.alloc(1024 * 1024, 1)]))).toContain('ArchiveTruncatedError')
  })
})
