const MAX_NAMED = 5
const MAX_KEPT = 100

/** Blobs or spilled payloads that resources refer to do not exist or cannot be read. */
export class BlobsMissingError extends Error {
  override readonly name = 'BlobsMissingError'
  readonly count: number
  /** The first 100 file ids (`payloads/{sha256}` for spilled payloads). */
  readonly ids: readonly string[]

  constructor(ids: readonly string[]) {
    const noun = ids.length === 1 ? 'blob' : 'blobs'
    const named = ids.slice(0, MAX_NAMED).join(', ')
    super(`${ids.length} ${noun} cannot be read: ${named}${ids.length > MAX_NAMED ? ', …' : ''}`)
    this.count = ids.length
    this.ids = ids.slice(0, MAX_KEPT)
  }
}

/**
 * Bytes do not have the expected size or SHA-256. If they were to be stored, nothing was stored. `expected` and
 * `actual` are, for example, `sha256 44136f…` or `30 bytes`.
 */
export class BlobMismatchError extends Error {
  override readonly name = 'BlobMismatchError'
  /** The key in the blob bucket. */
  readonly id: string

  constructor(id: string, expected: string, actual: string) {
    super(`${id}: expected ${expected}, found ${actual}`)
    this.id = id
  }
}
