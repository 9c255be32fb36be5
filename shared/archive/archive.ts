import * as z from 'zod'
import type { Readable } from 'node:stream'
import type { IndexLine } from './index-line.ts'
import type { Manifest, ManifestSegment } from './manifest.ts'

/** An archive or another stored object that can be read. All reads return bytes of the same version of the object. */
export interface ArchiveSource {
  /** In bytes. */
  readonly size: number
  /** Returns a small range as one buffer. Throws if the range cannot be read completely. */
  read(start: number, length: number): Promise<Buffer>
  /** Returns a large range as a stream. The caller must read the stream to its end or destroy it. */
  stream(start: number, length: number): Promise<Readable>
}

/**
 * A segment that can be read. The content of an entry begins at the byte `segment.offset + entry.offset` of the
 * archive.
 */
export type ArchiveSegment = ManifestSegment & {
  /**
   * The lines of the segment's index. Present only in a walked archive. Their offsets are from the start of the
   * archive, because the `offset` of a walked segment is 0.
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
   * False for a repacked tar without a trailer. The checksum of the manifest is in the trailer, so the job, times and
   * filters in this manifest may be wrong.
   */
  readonly provenManifest: boolean
  /** True for a repacked tar, which was read as a whole to find its entries by their names. */
  readonly walked: boolean
  /**
   * The offset of the content of `left-out.jsonl.zst` from the start of the file. Absent if the archive does not have
   * this entry.
   */
  readonly leftOutOffset?: number
  /** The segments in the order of the manifest. */
  readonly segments: readonly ArchiveSegment[]
}

/** Consecutive segments of records of one model. `first` and `last` are their indexes in the manifest. */
export const SegmentSpan = z.object({ first: z.int(), last: z.int() }).readonly()
export type SegmentSpan = z.output<typeof SegmentSpan>
