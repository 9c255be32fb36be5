import { pack } from 'tar-stream'

/** The unit of a tar in bytes. Every header is one block, and contents are padded to whole blocks. */
export const BLOCK = 512

/** Number of zero bytes that pad content of `size` bytes to whole blocks. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK
/** `size` plus its padding. */
export const paddedSize = (size: number): number => size + paddingOf(size)

/**
 * The bytes in front of an entry's content: one ustar block, or a pax header with the path and then the ustar block
 * if the path does not fit into 100 bytes and a prefix. The same path and size always give the same bytes
 * (`FORMAT.md`).
 *
 * `tar-stream` does not export its header codec. Each call therefore starts an entry, takes the bytes that precede
 * the content, and discards the stream. This makes some 30,000 headers a second.
 */
export const encodeHeader = async (path: string, size: number): Promise<Buffer> => {
  const tar = pack()
  tar.entry({ name: path, size, mode: 0o644, mtime: new Date(0) })
  await new Promise<void>((resolve) => {
    tar.once('readable', () => {
      resolve()
    })
  })
  const pieces: Buffer[] = []
  for (let piece = tar.read(); Buffer.isBuffer(piece); piece = tar.read()) pieces.push(piece)
  tar.destroy()
  return Buffer.concat(pieces)
}
