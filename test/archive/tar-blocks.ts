import { hash } from 'node:crypto'
import { expect } from 'vitest'
import { encodeTrailer } from '../../shared/archive/tail.ts'
import { BLOCK, paddingOf } from '../../shared/archive/tar-header.ts'
import { checksumOf, readSegmentHeader } from '../../shared/archive/tar-reader.ts'

/** The bytes in front of an entry's content, written field by field as `FORMAT.md` defines them. */
export const headerBytes = (path: string, size: number): Buffer => {
  const split = splitPath(path)
  if (split !== undefined) return ustarBlock(split, size, '0')
  const body = record('path', path)
  const padding = Buffer.alloc(paddingOf(body.length))
  return Buffer.concat([ustarBlock(PAX_PATH, body.length, 'x'), body, padding, ustarBlock(PAX_PATH, size, '0')])
}

/** A path as one header block contains it. */
interface SplitPath {
  readonly name: string
  readonly prefix: string
}

/** The path in headers of an entry whose real path is in a pax record. */
const PAX_PATH: SplitPath = { name: 'PaxHeader', prefix: '' }

/** Moves as few leading folders to the prefix as possible. Undefined if the path does not fit. */
const splitPath = (path: string): SplitPath | undefined => {
  if (Buffer.byteLength(path) !== path.length) return undefined
  let slash = -1
  while (path.length - slash - 1 > 100) {
    slash = path.indexOf('/', slash + 1)
    if (slash === -1) return undefined
  }
  if (slash > 155) return undefined
  return { name: path.slice(slash + 1), prefix: slash === -1 ? '' : path.slice(0, slash) }
}

const ustarBlock = ({ name, prefix }: SplitPath, size: number, type: string): Buffer => {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 'latin1')
  block.write('000644 ', 100, 'latin1')
  block.write('000000 ', 108, 'latin1')
  block.write('000000 ', 116, 'latin1')
  if (size < 8 ** 11) block.write(`${size.toString(8).padStart(11, '0')} `, 124, 'latin1')
  else {
    block[124] = 0x80
    block.writeBigUInt64BE(BigInt(size), 128)
  }
  block.write('00000000000 ', 136, 'latin1')
  block.write(type, 156, 'latin1')
  block.write('ustar\0' + '00', 257, 'latin1')
  block.write('000000 ', 329, 'latin1')
  block.write('000000 ', 337, 'latin1')
  block.write(prefix, 345, 'latin1')
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')} `, 148, 'latin1')
  return block
}

/** The bytes after the segments of an archive: manifest, trailer and end of the tar. */
export const tailBytes = (manifestJson: Buffer, segmentsEnd: number): Buffer =>
  Buffer.concat([
    headerBytes('manifest.json', manifestJson.length),
    manifestJson,
    Buffer.alloc(paddingOf(manifestJson.length)),
    headerBytes('acbak.trailer', BLOCK),
    encodeTrailer({ offset: segmentsEnd + BLOCK, size: manifestJson.length, sha256: hash('sha256', manifestJson) }),
    Buffer.alloc(2 * BLOCK),
  ])

/** A copy of a header block with a change, or with another type, and the checksum of the result. */
export const changed = (block: Buffer, change: (block: Buffer) => unknown = () => undefined, type?: string): Buffer => {
  const copy = Buffer.from(block)
  change(copy)
  if (type !== undefined) copy.write(type, 156, 'latin1')
  copy.write(`${checksumOf(copy).toString(8).padStart(6, '0')} \0`, 148, 'latin1')
  return copy
}

/** An extension header of any type with its body. */
export const extended = (type: string, body: Buffer, name = 'ext'): Buffer =>
  Buffer.concat([changed(headerBytes(name, body.length), undefined, type), body, Buffer.alloc(paddingOf(body.length))])

export const pax = (...records: Buffer[]): Buffer => extended('x', Buffer.concat(records), 'PaxHeader')

/** One pax record: its length, which includes the length's own digits, then key and value. */
export const record = (key: string, value: string): Buffer => {
  const text = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(text)
  const length = [1, 2, 3, 4, 5].map((digits) => bytes + digits).find((sum) => sum.toString().length === sum - bytes)
  return Buffer.from(`${length}${text}`)
}

/** An entry: header, content and padding. */
export const entryBytes = (path: string, content: Buffer): Buffer =>
  Buffer.concat([headerBytes(path, content.length), content, Buffer.alloc(paddingOf(content.length))])

/** The files of an archive that the product wrote, by name. */
export const filesOf = (archive: Buffer): Map<string, Buffer> => {
  const files = new Map<string, Buffer>()
  for (let at = 0; archive[at] !== 0;) {
    const name = archive.toString('latin1', at, at + 100).replace(/\0+$/, '')
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8)
    files.set(name, archive.subarray(at + 512, at + 512 + size))
    at += 512 + size + paddingOf(size)
  }
  return files
}

/** Reads the headers of one entry, which must be all of `bytes`. */
export const readHeaders = async (bytes: Buffer): Promise<{ path: string; size: number }> => {
  let rest = bytes
  const read = (length: number): Promise<Buffer> => {
    const taken = rest.subarray(0, length)
    rest = rest.subarray(length)
    return Promise.resolve(taken)
  }
  const header = await readSegmentHeader(read, 'the header', 0)
  expect(rest.length).toBe(0)
  return header
}
