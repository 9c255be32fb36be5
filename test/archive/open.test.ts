import { describe, expect, it } from 'vitest'
import { hash } from 'node:crypto'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  UnsupportedVersionError,
} from '../../shared/archive/errors.ts'
import { encodeTrailer } from '../../shared/archive/tail.ts'
import { paddingOf } from '../../shared/archive/tar-header.ts'
import { eofFrame, headerFrame } from '../../shared/specstar/stream-frame.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { MANIFEST, writeArchive } from './sample.ts'
import { filesOf, headerBytes, tailBytes } from './tar-blocks.ts'

const MIB = 1024 * 1024
const END = Buffer.alloc(1024)
const TAIL_BYTES = 2048

const archive = await writeArchive({
  models: { city: [{ id: 'city:1', revisions: [{ n: 1, data: '{}' }] }] },
  blobs: { 'flag/1': Buffer.from('a blob') },
})
const manifest = filesOf(archive).get('manifest.json') ?? Buffer.alloc(0)
const manifestOffset = archive.length - TAIL_BYTES - manifest.length - paddingOf(manifest.length)

const reading = (bytes: Buffer): Promise<unknown> => readAll(memorySource(bytes, MIB))
const expectError = async (bytes: Buffer, error: Error): Promise<void> => {
  await expect(reading(bytes)).rejects.toThrow(error)
}
const invalid = (what: string): Error => new ArchiveInvalidError(what)
const truncated = (what: string): Error => new ArchiveTruncatedError(what)

describe('openArchive', () => {
  it('rejects what is not a tar', async () => {
    await expectError(Buffer.alloc(0), new NotAnArchiveError('the file is empty'))
    for (const bytes of [Buffer.from([1]), headerBytes('a', 0).subarray(0, 511)])
      await expectError(bytes, new NotAnArchiveError('the file does not begin with a tar header'))
    for (const bytes of [
      Buffer.alloc(1),
      Buffer.alloc(512),
      Buffer.alloc(5_000),
      Buffer.alloc(10_752),
      Buffer.concat([Buffer.alloc(512), Buffer.alloc(512, 1)]),
    ])
      await expectError(
        bytes,
        new NotAnArchiveError('the file begins with zero bytes, so its content was probably lost during a copy'),
      )
  })

  it.each([1_024, 10_240])('rejects an empty tar of %i bytes', async (size) => {
    await expectError(
      Buffer.alloc(size),
      new NotAnArchiveError('the file is an empty tar; check which files were packed'),
    )
  })

  it("rejects SpecStar's stream by its version", async () => {
    await expectError(
      Buffer.concat([headerFrame(), eofFrame()]),
      new UnsupportedVersionError(2, "SpecStar's length-prefixed msgpack stream"),
    )
  })

  it('rejects a tar without an end before it reads all of it', async () => {
    const message = truncated('the end of the archive is missing')
    const header = headerBytes('models/a', 0)
    await expectError(header, message)
    await expectError(Buffer.concat([header, Buffer.alloc(511)]), message)
    await expectError(Buffer.concat([header, Buffer.alloc(512)]), message)
    for (const at of [0, 1023]) {
      const end = Buffer.alloc(1024)
      end[at] = 1
      await expectError(Buffer.concat([header, end]), message)
    }
    await expectError(Buffer.concat([header, END]), truncated('it has no manifest.json'))
    await expectError(archive.subarray(0, -512), message)
  })

  it.each(['./models/a', '././models/a', './/models/a', 'models/a./b', 'models/.//b'])(
    'recognizes the file %s in a tar without an end as a file of an archive',
    async (path) => {
      await expectError(headerBytes(path, 0), truncated('the end of the archive is missing'))
    },
  )

  it('names the first file of a tar without an end if it is not a file of an archive', async () => {
    for (const [path, name] of [
      ['./hello.txt', 'hello.txt'],
      ['a./b.txt', 'a./b.txt'],
      ['./a./b.txt', 'a./b.txt'],
    ] as const)
      await expectError(
        headerBytes(path, 0),
        new NotAnArchiveError(
          `the file is a tar of other files, such as "${name}"; check whether this is the right file`,
        ),
      )
  })

  it('rejects an archive of which only the last bytes are left', async () => {
    await expectError(
      archive.subarray(-TAIL_BYTES - 512),
      invalid(
        `according to acbak.trailer, manifest.json is at the bytes ${manifestOffset} to ${archive.length - TAIL_BYTES}, but it must ` +
          'be a whole entry that ends at byte 512; acbak.trailer is damaged, or bytes in front of it are missing or were added',
      ),
    )
  })

  it('opens an archive without segments', async () => {
    const tail = tailBytes(Buffer.from(JSON.stringify(MANIFEST)), 0)
    expect(await reading(tail)).toMatchObject({ walked: false, proven: true, items: [] })
    await expectError(tail.subarray(-TAIL_BYTES), truncated('it has no manifest.json'))
  })

  it('rejects an archive in which a byte of the tail differs', async () => {
    const broken = (at: number): Buffer => {
      const bytes = Buffer.from(archive)
      bytes[at] = bytes.readUInt8(at) ^ 1
      return bytes
    }
    const header = invalid('the tar header of manifest.json must consist of the bytes that FORMAT.md defines')
    await expectError(broken(manifestOffset - 512), header)
    await expectError(broken(manifestOffset - 1), header)
    const changed = Buffer.from(manifest)
    changed[0] = manifest.readUInt8(0) ^ 1
    await expectError(
      broken(manifestOffset),
      new EntryCorruptError('manifest.json', hash('sha256', manifest), hash('sha256', changed)),
    )
    await expectError(
      broken(archive.length - TAIL_BYTES - 1),
      invalid('the padding of manifest.json must be zero bytes'),
    )
    for (const at of [archive.length - 1024, archive.length - 1])
      await expectError(broken(at), invalid('the end of the tar must be zero bytes'))
  })

  it('names the trailer if its bytes are damaged and the manifest is sound', async () => {
    const sha256 = hash('sha256', manifest)
    const at = archive.lastIndexOf(sha256)
    const broken = Buffer.from(archive)
    broken.write(sha256.startsWith('0') ? '1' : '0', at)
    await expectError(
      broken,
      new EntryCorruptError('acbak.trailer', sha256, broken.toString('latin1', at, at + 64), {
        algorithm: 'the sha256 of manifest.json,',
      }),
    )
    const header = Buffer.from(archive)
    header.write('x', archive.length - TAIL_BYTES)
    await expectError(header, invalid('the tar header of acbak.trailer is damaged'))
  })

  it('rejects a trailer that does not locate the manifest in front of it', async () => {
    const located = (location: object): Buffer => {
      const right = { offset: manifestOffset, size: manifest.length, sha256: 'a'.repeat(64) }
      return Buffer.concat([archive.subarray(0, -1536), encodeTrailer({ ...right, ...location }), END])
    }
    const elsewhere = (bytes: Buffer, from: number, to: number): Promise<void> =>
      expectError(
        bytes,
        invalid(
          `according to acbak.trailer, manifest.json is at the bytes ${from} to ${to}, but it must be a whole entry that ends ` +
            `at byte ${bytes.length - TAIL_BYTES}; ` +
            'acbak.trailer is damaged, or bytes in front of it are missing or were added',
        ),
      )
    const length = archive.length - TAIL_BYTES
    await expectError(
      located({ size: 32 * MIB + 1 }),
      invalid(`manifest.json: the manifest has ${32 * MIB + 1} bytes; at most ${32 * MIB} are allowed`),
    )
    await elsewhere(located({ size: 32 * MIB }), manifestOffset, manifestOffset + 32 * MIB)
    await elsewhere(located({ offset: 0, size: length }), 0, length)
    await elsewhere(located({ offset: length - 1024 - 100, size: 1124 }), length - 1124, length + 412)
    await elsewhere(located({ offset: length - 1124, size: 1024 }), length - 1124, length - 100)
    await elsewhere(located({ offset: length - 1024, size: 512 }), length - 1024, length - 512)
    await elsewhere(Buffer.concat([Buffer.alloc(512), archive]), manifestOffset, length)
    await expectError(
      located({ offset: 512, size: length - 512 }),
      invalid('the tar header of manifest.json must consist of the bytes that FORMAT.md defines'),
    )
    await expectError(
      located({ offset: 2 ** 53 }),
      invalid('acbak.trailer must be the canonical JSON of FORMAT.md, padded with spaces to 512 bytes'),
    )
  })
})
