import { isUtf8 } from 'node:buffer'
import { ArchiveInvalidError } from './errors.ts'
import { MAX_PAX_BYTES } from './limits.ts'
import { BLOCK, checksumOf, paddingOf } from './tar-header.ts'

/** One header block. */
interface Block {
  readonly path: string
  readonly size: number
  /** `0` file, `5` directory, `x` and `g` pax, `L` GNU long name, or another one, which is refused. */
  readonly type: string
}

/** An entry's headers, all of them. */
export interface TarEntry {
  readonly path: string
  readonly size: number
  readonly kind: 'file' | 'directory'
}

/** Whether a block reads as a tar header at all. */
export const isTarHeader = (block: Buffer): boolean => {
  try {
    parseBlock(block)
    return true
  } catch {
    return false
  }
}

/** ResourceFilter the next bytes of a tar: exactly so many. */
export type Take = (length: number) => Promise<Buffer>

/**
 * Reads an entry's headers. `segment`: as this format's writers make them, a pax header with `path` alone and a file.
 * `any`: also what other tar programs write (directories, other pax keys, GNU long names). Links, devices and all else are
 * refused. `first` is the first block, where it has been taken already.
 */
export const readTarEntry = async (take: Take, dialect: 'segment' | 'any', first?: Buffer): Promise<TarEntry> => {
  let path: string | undefined
  let size: number | undefined
  let header = first
  for (;;) {
    const block = parseBlock(header ?? (await take(BLOCK)))
    header = undefined
    if (block.type === 'x') {
      const pax = parsePax(await takeBody(take, block))
      if (dialect === 'segment' && [...pax.keys()].some((key) => key !== 'path'))
        throw new ArchiveInvalidError(`a pax header with more than a path before ${block.path}`)
      path = pax.get('path') ?? path
      size = paxSize(pax.get('size')) ?? size
      continue
    }
    if (dialect === 'any' && block.type === 'g') {
      const pax = parsePax(await takeBody(take, block))
      if (pax.has('path') || pax.has('size')) throw new ArchiveInvalidError('a global pax header with a path or size')
      continue
    }
    if (dialect === 'any' && block.type === 'L') {
      const name = await takeBody(take, block)
      const end = name.indexOf(0)
      path = textOf(end === -1 ? name : name.subarray(0, end))
      continue
    }
    const entry = { path: path ?? block.path, size: size ?? block.size }
    if (block.type === '0') {
      // Old programs tell a directory by its name alone.
      if (dialect === 'any' && entry.path.endsWith('/') && entry.size === 0) return { ...entry, kind: 'directory' }
      return { ...entry, kind: 'file' }
    }
    if (dialect === 'any' && block.type === '5') return { ...entry, size: 0, kind: 'directory' }
    throw new ArchiveInvalidError(`entry ${entry.path} is of type ${JSON.stringify(block.type)}, not a file`)
  }
}

const takeBody = async (take: Take, { size }: Block): Promise<Buffer> => {
  if (size > MAX_PAX_BYTES) throw new ArchiveInvalidError(`a header of ${size} bytes`)
  const body = await take(size)
  checkZero(await take(paddingOf(size)), 'the padding of a header')
  return body
}

/** Throws where any byte is not zero. */
export const checkZero = (bytes: Buffer, what: string): void => {
  for (const byte of bytes) if (byte !== 0) throw new ArchiveInvalidError(`${what} is not zero`)
}

const parseBlock = (block: Buffer): Block => {
  const said = CHECKSUM.exec(block.toString('latin1', 148, 156))
  if (said === null || Number.parseInt(said[0], 8) !== checksumOf(block))
    throw new ArchiveInvalidError('a tar header has a wrong checksum')
  const magic = block.toString('latin1', 257, 265)
  if (magic !== 'ustar\x0000' && magic !== 'ustar  \0') throw new ArchiveInvalidError('a tar header that is not ustar')
  const prefix = magic === 'ustar\x0000' ? field(block, 345, 155) : ''
  const name = field(block, 0, 100)
  const type = block.toString('latin1', 156, 157)
  return { path: prefix === '' ? name : `${prefix}/${name}`, size: sizeOf(block), type: type === '\0' ? '0' : type }
}

/** Six digits and then NUL and space, in the order of POSIX or of tar-stream: in any other form a flipped bit could hide. */
const CHECKSUM = /^[0-7]{6}(?:\0 | \0)$/
const SIZE = /^ *([0-7]{1,12})[ \0]*$/

const sizeOf = (block: Buffer): number => {
  if (block[124] === 0x80) {
    const size = block.readBigUInt64BE(128)
    if (size > BigInt(Number.MAX_SAFE_INTEGER) || block.readUIntBE(125, 3) !== 0)
      throw new ArchiveInvalidError('a tar header with a size beyond all bounds')
    return Number(size)
  }
  const digits = SIZE.exec(block.toString('latin1', 124, 136))?.[1]
  if (digits === undefined) throw new ArchiveInvalidError('a tar header without a size')
  return Number.parseInt(digits, 8)
}

const field = (block: Buffer, start: number, length: number): string => {
  const bytes = block.subarray(start, start + length)
  const end = bytes.indexOf(0)
  return textOf(end === -1 ? bytes : bytes.subarray(0, end))
}

const textOf = (bytes: Buffer): string => {
  if (!isUtf8(bytes)) throw new ArchiveInvalidError('a name that is not UTF-8')
  return bytes.toString()
}

const PAX_LENGTH = /^([1-9][0-9]{0,5}) $/

/** A pax body: records of their length, a space, `key=value` and a newline, and nothing else. */
const parsePax = (body: Buffer): Map<string, string> => {
  const records = new Map<string, string>()
  let at = 0
  while (at < body.length) {
    const space = body.indexOf(0x20, at)
    const length = Number(PAX_LENGTH.exec(body.toString('latin1', at, space + 1))?.[1])
    const end = at + length
    const equals = body.indexOf(0x3d, space)
    if (!(end <= body.length) || body[end - 1] !== 0x0a || equals === -1 || equals >= end - 1)
      throw new ArchiveInvalidError('a pax header that cannot be read')
    records.set(textOf(body.subarray(space + 1, equals)), textOf(body.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}

const paxSize = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(text)) throw new ArchiveInvalidError('a pax header with a size beyond all bounds')
  return Number(text)
}
