import type { ByteReader } from './byte-reader.ts'
import { ArchiveInvalidError, ArchiveTruncatedError } from './errors.ts'
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

/** Tar types of extension headers, which describe the entry after them: pax, global pax, and GNU long name. */
const EXTENSIONS = ['x', 'g', 'L']

const ZERO_BLOCK = Buffer.alloc(BLOCK)

/**
 * Returns the bytes of a tar for `extract` of `tar-stream`, and rejects what `extract` accepts but an archive must not
 * contain: wrong forms of checksums, extension headers over 64 KiB, malformed pax records, names that are not UTF-8,
 * links, devices, padding that is not zero, and entries after the end of the tar. Throws `ArchiveInvalidError` or
 * `ArchiveTruncatedError` before `extract` receives such bytes.
 *
 * Every byte keeps its offset. `extract` computes the name of each entry from prefix, pax path and GNU long name. At
 * most one header and one piece of content are in memory.
 */
export async function* guardTar(reader: ByteReader, tarSize: number): AsyncGenerator<Buffer> {
  const read = (length: number): Promise<Buffer> => reader.read(length)
  const extensions = new Set<string>()
  let paxSize: number | undefined
  for (;;) {
    const block = await read(BLOCK)
    if (isZero(block)) break
    const subject = `the tar header at byte ${reader.position - BLOCK}`
    const header = parseHeaderBlock(block, subject)
    if (EXTENSIONS.includes(header.type)) {
      if (extensions.has(header.type))
        throw new ArchiveInvalidError(`${subject} is the second one of type "${header.type}" in front of one entry`)
      extensions.add(header.type)
      const body = await readExtension(read, header.size, subject)
      paxSize = checkExtension(header.type, body.subarray(0, header.size), subject) ?? paxSize
      // `extract` misreads the header after an extension header without a body. A zero block, which it skips, replaces
      // such an extension header.
      yield body.length === 0 ? ZERO_BLOCK : Buffer.concat([block, body])
      continue
    }
    yield block
    const size = contentSize(header, paxSize)
    if (size > tarSize - reader.position) throw new ArchiveTruncatedError(`it ends inside entry ${header.path}`)
    const end = reader.position + size
    while (reader.position < end) yield await reader.readSome(end - reader.position)
    const padding = await read(paddingOf(size))
    checkZero(padding, `the padding of entry ${header.path}`)
    if (padding.length > 0) yield padding
    extensions.clear()
    paxSize = undefined
  }
  if (extensions.size > 0) throw new ArchiveInvalidError('a pax header or a GNU long name is not followed by an entry')
  await checkEnd(reader, tarSize)
}

/**
 * Checks the body of an extension header. Returns the content size that the body sets for the next entry, or undefined
 * if it sets no size.
 */
const checkExtension = (type: string, body: Buffer, subject: string): number | undefined => {
  if (type === 'L') {
    decodeName(beforeNul(body), subject)
    return undefined
  }
  const pax = parsePax(body, subject)
  const size = pax.get('size')
  if (type === 'g' && (pax.has('path') || size !== undefined))
    throw new ArchiveInvalidError(`${subject} is a global pax header, and must not set path or size`)
  if (size === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(size)) throw new ArchiveInvalidError(`${subject} sets a size that is not 1 to 15 digits`)
  return Number(size)
}

/**
 * Returns the size of the content that follows a header. Returns 0 for a directory, because `extract` ignores the size
 * in its header. Throws `ArchiveInvalidError` for any other type than file and directory.
 */
const contentSize = ({ path, size, type }: HeaderBlock, paxSize: number | undefined): number => {
  if (type === '5') return 0
  if (type === '0') return paxSize ?? size
  throw new ArchiveInvalidError(
    `entry ${path} has tar type ${JSON.stringify(type)}; only files ("0") and directories ("5") are allowed`,
  )
}

/**
 * Checks the bytes after the first zero block of the end of a tar. At least one more block must follow, all of it zero.
 */
const checkEnd = async (reader: ByteReader, tarSize: number): Promise<void> => {
  if (tarSize - reader.position < BLOCK) throw new ArchiveTruncatedError('the tar must end in 1024 zero bytes')
  while (reader.position < tarSize) {
    if (!isZero(await reader.readSome(tarSize - reader.position)))
      throw new ArchiveInvalidError('only zero bytes are allowed after the end of the tar')
  }
}
