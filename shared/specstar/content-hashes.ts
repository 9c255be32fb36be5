import { createHash } from 'node:crypto'
import { createXXHash128 } from 'hash-wasm'

/** Computes hashes in hex. SpecStar uses XXH3-128, and archives use SHA-256. */
export interface ContentHashes {
  xxh3(bytes: Uint8Array): string
  /** Returns both hashes of content that is read in pieces. */
  ofPieces(pieces: AsyncIterable<Buffer>): Promise<{ readonly xxh3: string; readonly sha256: string }>
}

/**
 * Loads the implementation of XXH3. An instance computes one hash at a time, so each reader of a stream must have its
 * own instance.
 */
export const contentHashes = async (): Promise<ContentHashes> => {
  const hasher = await createXXHash128()
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
