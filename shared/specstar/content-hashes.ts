import { createHash } from 'node:crypto'
import { createXXHash128, type IHasher } from 'hash-wasm'

/** The two hashes of content: SpecStar's own, and that of version 3. */
export interface ContentHashes {
  /** XXH3-128 in hex. */
  xxh3(bytes: Uint8Array): string
  /** Both of what comes in pieces. */
  ofPieces(pieces: AsyncIterable<Buffer>): Promise<{ readonly xxh3: string; readonly sha256: string }>
}

/** Hashes of content. One of these serves one reader: the hash is one machine, used again and again. */
export const contentHashes = async (): Promise<ContentHashes> => {
  const hasher: IHasher = await createXXHash128()
  return {
    xxh3: (bytes) => hasher.init().update(bytes).digest('hex'),
    ofPieces: async (pieces) => {
      const sha256 = createHash('sha256')
      hasher.init()
      for await (const piece of pieces) {
        hasher.update(piece)
        sha256.update(piece)
      }
      return { xxh3: hasher.digest('hex'), sha256: sha256.digest('hex') }
    },
  }
}
