/** Blobs (or spilled payloads) that resources refer to and that cannot be read. */
export class BlobsMissingError extends Error {
  override readonly name = 'BlobsMissingError'
  readonly count: number
  /** The first 100. */
  readonly ids: readonly string[]

  constructor(ids: readonly string[]) {
    super(`${ids.length} blobs cannot be read: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`)
    this.count = ids.length
    this.ids = ids.slice(0, 100)
  }
}

/** Bytes to be stored (then nothing is), or a payload that was read, are not what their SHA-256 or size says. */
export class BlobMismatchError extends Error {
  override readonly name = 'BlobMismatchError'
  readonly id: string

  constructor(id: string, expected: string, actual: string) {
    super(`${id}: expected ${expected}, found ${actual}`)
    this.id = id
  }
}
