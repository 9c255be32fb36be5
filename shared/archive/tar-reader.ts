import { isUtf8 } from 'node:buffer'
import { ArchiveInvalidError, atByte } from './errors.ts'
import { MAX_PAX_BYTES } from './limits.ts'
import { quote } from '../values/message-text.ts'
import { BLOCK, paddedSize } from './tar-header.ts'

/** A parsed header block. */
export interface HeaderBlock {
  /** The name, after the prefix if the block has a prefix. */
  readonly path: string
  readonly size: number
  /** The type flag: `0` file, `5` directory, `x` pax header, and so on. */
  readonly type: string
}

/** A function that returns the next `length` bytes of a tar. */
export type ReadBytes = (length: number) => Promise<Buffer>

/**
 * Reads the headers of one entry of a segment. They are the header of a file and, before it, at most one pax header,
 * which may contain only a path. Throws `ArchiveInvalidError` for other headers, with `subject` as the subject of the
 * message. `start` is the byte of the archive at which the headers begin. Tars of other programs may contain other
 * headers. They are read by `tar-files.ts`.
 */
export const readSegmentHeader = async (
  read: ReadBytes,
  subject: string,
  start: number,
): Promise<{ readonly path: string; readonly size: number }> => {
  let header = parseHeaderBlock(await read(BLOCK), subject)
  let paxPath: string | undefined
  if (header.type === 'x') {
    const body = await readExtension(read, header.size, subject, start + BLOCK)
    const pax = parsePax(body.subarray(0, header.size), subject)
    if ([...pax.keys()].some((key) => key !== 'path'))
      throw new ArchiveInvalidError(`${subject} has a pax header that contains more than a path`)
    paxPath = pax.get('path')
    header = parseHeaderBlock(await read(BLOCK), subject)
  }
  const path = paxPath ?? header.path
  if (header.type !== '0')
    throw new ArchiveInvalidError(
      `${subject} has type ${quote(header.type)}; only files ("0") are allowed in a segment`,
    )
  return { path, size: header.size }
}

/**
 * Reads the body of an extension header (pax or GNU long name), which begins at the byte `start` of the archive. Returns
 * the body and its padding.
 */
export const readExtension = async (read: ReadBytes, size: number, subject: string, start: number): Promise<Buffer> => {
  if (size > MAX_PAX_BYTES)
    throw new ArchiveInvalidError(`${subject} has a body of ${size} bytes; at most ${MAX_PAX_BYTES} are allowed`)
  const padded = await read(paddedSize(size))
  checkZero(padded.subarray(size), `the padding of ${subject}`, start + size)
  return padded
}

/** Returns true if a block is a valid tar header. */
export const isTarHeader = (block: Buffer): boolean => {
  try {
    parseHeaderBlock(block, 'the block')
    return true
  } catch {
    return false
  }
}

/** Parses a header block. Throws `ArchiveInvalidError` if its checksum, format, size or names are invalid. */
export const parseHeaderBlock = (block: Buffer, subject: string): HeaderBlock => {
  const checksum = CHECKSUM.exec(block.toString('latin1', 148, 156))?.[1]
  if (checksum === undefined || Number.parseInt(checksum, 8) !== checksumOf(block))
    throw new ArchiveInvalidError(`${subject} has a wrong checksum`)
  const magic = block.toString('latin1', 257, 265)
  if (magic !== USTAR && magic !== GNU) throw new ArchiveInvalidError(`${subject} is in neither ustar nor GNU format`)
  // In GNU format, these bytes contain times instead of a prefix.
  const prefix = magic === USTAR ? decodeName(beforeNul(block.subarray(345, 500)), subject) : ''
  const name = decodeName(beforeNul(block.subarray(0, 100)), subject)
  const type = block.toString('latin1', 156, 157)
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    size: sizeOf(block, subject),
    type: type === '\0' ? '0' : type,
  }
}

const USTAR = 'ustar\x0000'
const GNU = 'ustar  \0'

/**
 * Matches the checksum field: six octal digits, and then NUL and space in either order. Other tools accept more forms.
 * Here, they are rejected, so that a flipped bit in this field is detected.
 */
const CHECKSUM = /^([0-7]{6})(?:\0 | \0)$/
const SIZE = /^ *([0-7]{1,12})[ \0]*$/

/** Returns the sum of a header's bytes. The 8 bytes of the checksum field count as spaces. */
export const checksumOf = (block: Buffer): number =>
  sumOf(block.subarray(0, 148)) + 8 * 0x20 + sumOf(block.subarray(156))

const sumOf = (bytes: Buffer): number => {
  let sum = 0
  for (const byte of bytes) sum += byte
  return sum
}

const sizeOf = (block: Buffer, subject: string): number => {
  // GNU tar stores a large size as the byte 0x80 and a binary number of 11 bytes, instead of octal digits.
  if (block[124] === 0x80) {
    const size = block.readBigUInt64BE(128)
    if (size > BigInt(Number.MAX_SAFE_INTEGER) || block.readUIntBE(125, 3) !== 0)
      throw new ArchiveInvalidError(`${subject} has a size over 2^53 - 1 bytes`)
    return Number(size)
  }
  const digits = SIZE.exec(block.toString('latin1', 124, 136))?.[1]
  if (digits === undefined) throw new ArchiveInvalidError(`${subject} has a size that is not an octal number`)
  return Number.parseInt(digits, 8)
}

/** Returns the bytes of a field before its first NUL, or the whole field if it contains no NUL. */
export const beforeNul = (bytes: Buffer): Buffer => {
  const end = bytes.indexOf(0)
  return end === -1 ? bytes : bytes.subarray(0, end)
}

/** Decodes a name, a pax key or a pax value. Throws `ArchiveInvalidError` if the bytes are not UTF-8. */
export const decodeName = (bytes: Buffer, subject: string): string => {
  if (!isUtf8(bytes)) throw new ArchiveInvalidError(`${subject} contains a name that is not UTF-8`)
  return bytes.toString()
}

const PAX_LENGTH = /^([1-9][0-9]{0,5}) $/

/**
 * Parses the body of a pax header. It consists of records `<length> <key>=<value>\n`, in which `<length>` is the length
 * of the whole record in decimal digits. If a key is repeated, the last record is used. Throws `ArchiveInvalidError` if
 * a record is malformed.
 */
export const parsePax = (body: Buffer, subject: string): Map<string, string> => {
  const records = new Map<string, string>()
  for (let start = 0; start < body.length;) {
    const space = body.indexOf(0x20, start)
    const length = Number(PAX_LENGTH.exec(body.toString('latin1', start, space + 1))?.[1])
    const end = start + length
    const equals = body.indexOf(0x3d, space)
    if (!(end <= body.length) || body[end - 1] !== 0x0a || equals === -1 || equals >= end - 1)
      throw new ArchiveInvalidError(`${subject} has a malformed pax record`)
    const key = decodeName(body.subarray(space + 1, equals), subject)
    records.set(key, decodeName(body.subarray(equals + 1, end - 1), subject))
    start = end
  }
  return records
}

export const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0)

/**
 * Throws `ArchiveInvalidError` if a byte is not zero. `what` is the subject of the message. `start` is the offset of the
 * bytes in the archive.
 */
export const checkZero = (bytes: Buffer, what: string, start: number): void => {
  const damaged = bytes.findIndex((byte) => byte !== 0)
  if (damaged === -1) return
  throw atByte(start + damaged, new ArchiveInvalidError(`${what} must be zero bytes`))
}
