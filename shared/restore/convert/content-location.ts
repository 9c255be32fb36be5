/** Where content of a stream lies: a blob, or a payload too large for an item. */
export interface StreamPlace {
  /** The file id; for a payload its SHA-256. */
  readonly id: string
  readonly sha256: string
  readonly offset: number
  readonly size: number
  readonly content_type?: string
}

export const encodePlace = (place: StreamPlace): Buffer => Buffer.from(JSON.stringify(place))

/** Reverses `encodePlace`: these bytes never left the work bucket. */
export const decodePlace = (bytes: Buffer): StreamPlace => JSON.parse(bytes.toString()) as StreamPlace
