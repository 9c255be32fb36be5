import type { ObjectRange } from '../objects/object.ts'

/** What a segment is written to: pieces laid end to end. */
export interface PieceSink {
  /** Bytes, in order; resolves when more may come (backpressure). The sink may keep `bytes`: the caller does not change them. */
  bytes(bytes: Uint8Array): Promise<void>
  /** A large object's bytes, laid in by the storage itself. */
  object(range: ObjectRange): Promise<void>
}
