import { pack } from 'tar-stream'

/** Size of a tar block in bytes. Every header is one block, and every content is padded to whole blocks. */
export const BLOCK = 512

/** Returns the number of zero bytes with which content of `size` bytes is padded. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK
/** Returns `size` plus its padding. */
export const paddedSize = (size: number): number => size + paddingOf(size)

/**
 * Returns the bytes in front of an entry's content. They are one ustar block. If the path is too long for a ustar
 * block, a pax header with the path precedes this block. The bytes depend only on the path and the size (`FORMAT.md`).
 *
 * `tar-stream` does not export its header codec. Each call therefore starts an entry, reads the bytes that precede the
 * content, and drops the stream. Destroying the stream would take longer than everything else, because `tar-stream`
 * then creates errors.
 */
export const encodeTarHeader = async (path: string, size: number): Promise<Buffer> => {
  const tar = pack()
  tar.entry({ name: path, size, mode: 0o644, mtime: new Date(0) })
  await new Promise<void>((resolve) => {
    tar.once('readable', () => {
      resolve()
    })
  })
  const pieces: Buffer[] = []
  for (let piece = tar.read(); Buffer.isBuffer(piece); piece = tar.read()) pieces.push(piece)
  return Buffer.concat(pieces)
}
