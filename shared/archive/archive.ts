import type { Readable } from 'node:stream'
import type { IndexLine } from './index-line.ts'
import type { Manifest, ManifestSegment } from './manifest.ts'

/** The bytes of an archive or another stored object. All reads return bytes of the same version of the object. */
export interface ArchiveSource {
  /** In bytes. */
  readonly size: number
  /** A small range as one buffer. Throws if it cannot return exactly `length` bytes. */
  read(start: number, length: number): Promise<Buffer>
  /** A large range. The caller reads the stream to its end or destroys it. */
  stream(start: number, length: number): Promise<Readable>
}

/** A segment that can be read. An entry's content begins at `segment.offset + entry.offset`. */
export type ArchiveSegment = ManifestSegment & {
  /**
   * In a walked archive: the entries with their offsets from the start of the archive. `offset` of the segment is
   * then 0.
   */
  readonly walked?: readonly IndexLine[]
}

/** An archive whose manifest has been read and checked. */
export interface OpenArchive {
  readonly source: ArchiveSource
  readonly manifest: Manifest
  /** SHA-256 of the bytes of `manifest.json`, in hex. */
  readonly manifestSha256: string
  /**
   * False for a repacked tar without a trailer: no checksum covers the manifest, and so neither its job nor its
   * times and filters.
   */
  readonly provenManifest: boolean
  /** The tar was repacked: it was read completely, and its entries were found by their names. */
  readonly walked: boolean
  /** In the order of the manifest. */
  readonly segments: readonly ArchiveSegment[]
}
