import type { Readable } from 'node:stream'

/** What an archive (or any pinned object) is read through. Every read is of one unchanging state of the object. */
export interface ArchiveSource {
  /** Bytes. */
  readonly size: number
  /** A small range, whole. Throws where it cannot give exactly `length` bytes. */
  read(start: number, length: number): Promise<Buffer>
  /** A large range. It must be read to its end or destroyed. */
  stream(start: number, length: number): Promise<Readable>
}
