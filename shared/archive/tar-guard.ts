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
  takeExtension,
} from './tar-reader.ts'

/** Tar types of the headers that describe the entry after them: pax, global pax, and GNU long name. */
const EXTENSIONS = ['x', 'g', 'L']

const ZERO_BLOCK = Buffer.alloc(BLOCK)

/**
 * Passes a tar on to `extract` of `tar-stream`, and throws before it passes on anything that `extract` accepts but an
 * archive must not contain: loose checksums, extension headers over 64 KiB, malformed pax records, names that are not
 * UTF-8, links, devices, padding that is not zero, and entries after the end of the tar. Every byte keeps its offset.
 * Memory: one header and one piece of content.
 */
export async function* guardTar(reader: ByteReader, tarSize: number): AsyncGenerator<Buffer> {
  const take = (length: number): Promise<Buffer> => reader.take(length)
  const extensions = new Set<string>()
  let paxSize: number | undefined
  for (;;) {
    const block = await take(BLOCK)
    if (isZero(block)) break
    const header = parseHeaderBlock(block)
    if (EXTENSIONS.includes(header.type)) {
      if (extensions.has(header.type))
        throw new ArchiveInvalidError(
          `two headers of tar type "${header.type}" precede one entry; at most one is allowed`,
        )
      extensions.add(header.type)
      const body = await takeExtension(take, header)
      paxSize = checkExtension(header, body.subarray(0, header.size)) ?? paxSize
      // `extract` misreads what follows an extension header without a body, but it skips a zero block.
      yield body.length === 0 ? ZERO_BLOCK : Buffer.concat([block, body])
      continue
    }
    yield block
    const size = contentSize(header, paxSize)
    if (size > tarSize - reader.position) throw new ArchiveTruncatedError(`it ends inside entry ${header.path}`)
    const end = reader.position + size
    while (reader.position < end) yield await reader.some(end - reader.position)
    const padding = await take(paddingOf(size))
    checkZero(padding, `the padding of entry ${header.path}`)
    if (padding.length > 0) yield padding
    extensions.clear()
    paxSize = undefined
  }
  if (extensions.size > 0) throw new ArchiveInvalidError('a pax header or GNU long name must precede an entry')
  await checkEnd(reader, tarSize)
}

/** Checks the body of an extension header, and returns the content size that it sets for the next entry. */
const checkExtension = ({ type }: HeaderBlock, body: Buffer): number | undefined => {
  if (type === 'L') {
    decodeName(beforeNul(body))
    return undefined
  }
  const pax = parsePax(body)
  const size = pax.get('size')
  if (type === 'g' && (pax.has('path') || size !== undefined))
    throw new ArchiveInvalidError('a global pax header must not set path or size')
  if (size === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(size)) throw new ArchiveInvalidError('the size in a pax header must be 1 to 15 digits')
  return Number(size)
}

/**
 * Size of the content that follows a header. `extract` reads no content for a directory, whatever its size field
 * says.
 */
const contentSize = ({ path, size, type }: HeaderBlock, paxSize: number | undefined): number => {
  if (type === '5') return 0
  if (type === '0') return paxSize ?? size
  throw new ArchiveInvalidError(
    `entry ${path} has tar type ${JSON.stringify(type)}; only files and directories are allowed`,
  )
}

/** The first zero block has been read: a second must follow, and then only zero bytes. */
const checkEnd = async (reader: ByteReader, tarSize: number): Promise<void> => {
  if (tarSize - reader.position < BLOCK) throw new ArchiveTruncatedError('the tar must end in 1024 zero bytes')
  while (reader.position < tarSize) {
    if (!isZero(await reader.some(tarSize - reader.position)))
      throw new ArchiveInvalidError('only zero bytes are allowed after the end of the tar')
  }
}
