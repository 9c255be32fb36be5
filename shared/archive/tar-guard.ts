import type { ByteReader } from './byte-reader.ts'
import { ArchiveInvalidError, ArchiveTruncatedError, atByte } from './errors.ts'
import { pathText, quote } from '../values/message-text.ts'
import { BLOCK, paddingOf } from './tar-header.ts'
import {
  beforeNul,
  checkZero,
  decodeName,
  type HeaderBlock,
  isZero,
  parseHeaderBlock,
  parsePax,
  readExtension,
} from './tar-reader.ts'

/**
 * The tar types of extension headers: pax, global pax, and GNU long name. An extension header describes the next entry.
 */
const EXTENSIONS = ['x', 'g', 'L']

const ZERO_BLOCK = Buffer.alloc(BLOCK)

/**
 * Returns the bytes of a tar for `extract` of `tar-stream`. Throws `ArchiveInvalidError` or `ArchiveTruncatedError` for
 * everything that `extract` accepts, but that an archive must not contain. This includes wrong forms of checksums,
 * extension headers larger than 64 KiB, malformed pax records, names that are not UTF-8, links, devices, padding that
 * is not zero, and entries after the end of the tar.
 *
 * Every byte keeps its offset. `extract` determines the name of each entry from the prefix, the pax path and the GNU
 * long name. At most one header and one piece of content are in memory.
 */
export async function* guardTar(reader: ByteReader, tarSize: number): AsyncGenerator<Buffer> {
  const read = (length: number): Promise<Buffer> => reader.read(length)
  const extensions = new Set<string>()
  let paxSize: number | undefined
  let start = 0
  try {
    for (;;) {
      start = reader.offset
      const block = await read(BLOCK)
      if (isZero(block)) break
      const subject = `the tar header at byte ${start}`
      const header = parseHeaderBlock(block, subject)
      if (EXTENSIONS.includes(header.type)) {
        if (extensions.has(header.type))
          throw new ArchiveInvalidError(
            `${subject} is the second extension header of type "${header.type}" in front of one entry`,
          )
        extensions.add(header.type)
        const body = await readExtension(read, header.size, subject, reader.offset)
        paxSize = checkExtension(header.type, body.subarray(0, header.size), subject) ?? paxSize
        // `extract` misreads the header that follows an extension header without a body. Such an extension header is
        // therefore replaced by a zero block, which `extract` skips.
        yield body.length === 0 ? ZERO_BLOCK : Buffer.concat([block, body])
        continue
      }
      yield block
      const size = contentSize(header, paxSize)
      const name = pathText(header.path)
      if (size > tarSize - reader.position) throw new ArchiveTruncatedError(`it ends inside entry ${name}`)
      const end = reader.position + size
      while (reader.position < end) yield await reader.readSome(end - reader.position)
      const paddingStart = reader.offset
      const padding = await read(paddingOf(size))
      checkZero(padding, `the padding of entry ${name}`, paddingStart)
      if (padding.length > 0) yield padding
      extensions.clear()
      paxSize = undefined
    }
    if (extensions.size > 0)
      throw new ArchiveInvalidError('a pax header or a GNU long name is not followed by an entry')
    await checkEnd(reader, tarSize)
  } catch (error) {
    throw atByte(start, error)
  }
}

/**
 * Checks the body of an extension header. If the body sets the size of the next entry's content, returns this size.
 * Otherwise returns undefined.
 */
const checkExtension = (type: string, body: Buffer, subject: string): number | undefined => {
  if (type === 'L') {
    decodeName(beforeNul(body), subject)
    return undefined
  }
  const pax = parsePax(body, subject)
  const size = pax.get('size')
  if (type === 'g' && (pax.has('path') || size !== undefined))
    throw new ArchiveInvalidError(`${subject} is a global pax header, so it must not set path or size`)
  if (size === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(size)) throw new ArchiveInvalidError(`${subject} sets a size that is not 1 to 15 digits`)
  return Number(size)
}

/**
 * Returns the size of the content that follows a header. Returns 0 for a directory, because `extract` ignores the size
 * of a directory. Throws `ArchiveInvalidError` if the type is neither file nor directory.
 */
const contentSize = ({ path, size, type }: HeaderBlock, paxSize: number | undefined): number => {
  if (type === '5') return 0
  if (type === '0') return paxSize ?? size
  throw new ArchiveInvalidError(
    `entry ${pathText(path)} has tar type ${quote(type)}; only files ("0") and directories ("5") are allowed`,
  )
}

/**
 * Checks the bytes after the first zero block at the end of a tar. At least one more block must follow, and all bytes
 * must be zero.
 */
const checkEnd = async (reader: ByteReader, tarSize: number): Promise<void> => {
  if (tarSize - reader.position < BLOCK) throw new ArchiveTruncatedError('the tar must end in 1024 zero bytes')
  while (reader.position < tarSize) {
    const start = reader.offset
    const piece = await reader.readSome(tarSize - reader.position)
    const other = piece.findIndex((byte) => byte !== 0)
    if (other !== -1)
      throw atByte(start + other, new ArchiveInvalidError('only zero bytes are allowed after the end of the tar'))
  }
}
