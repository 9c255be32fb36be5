import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { blobOrder } from './blob-order.ts'
import { ArchiveInvalidError, EntryCorruptError } from './errors.ts'
import { type IndexLine, IndexLineSchema, pathFault } from './index-line.ts'
import { isDeeperThan } from '../values/json-depth.ts'
import {
  MAX_CHUNK_BYTES,
  MAX_INDEX_BYTES,
  MAX_MANIFEST_LEVELS,
  MAX_PAX_BYTES,
  MAX_STORED_CHUNK_BYTES,
} from './limits.ts'
import type { ManifestSegment } from './manifest.ts'
import { firstIssue } from './read-manifest.ts'
import { BLOCK, paddedSize } from './tar-header.ts'
import { unpackZstd } from './unpack.ts'

/** The lines of an index, from its stored bytes: checksum, packing, schema, paths, order and sums are checked, offsets not. */
export const decodeIndex = async (segment: ManifestSegment, packed: Buffer): Promise<readonly IndexLine[]> => {
  const { index } = segment
  const name = `index of the segment at ${segment.offset}`
  const actual = hash('sha256', packed)
  if (actual !== index.sha256) throw new EntryCorruptError(name, index.sha256, actual)
  if (index.unpacked_size > MAX_INDEX_BYTES)
    throw new ArchiveInvalidError(`${name} unpacks to ${index.unpacked_size} bytes`)
  const bytes = await unpackZstd(name, packed, index.unpacked_size)
  if (!isUtf8(bytes) || bytes.at(-1) !== 0x0a) throw new ArchiveInvalidError(`${name} is no list of UTF-8 lines`)
  const lines: IndexLine[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start)
    lines.push(decodeIndexLine(bytes.subarray(start, end), `${name}, line ${lines.length + 1}`))
    start = end + 1
  }
  checkLines(segment, lines, name)
  return lines
}

const decodeIndexLine = (bytes: Buffer, name: string): IndexLine => {
  if (isDeeperThan(bytes, MAX_MANIFEST_LEVELS)) throw new ArchiveInvalidError(`${name} nests too deep`)
  let json: unknown
  try {
    json = JSON.parse(bytes.toString())
  } catch {
    throw new ArchiveInvalidError(`${name} is not JSON`)
  }
  const parsed = IndexLineSchema.safeParse(json)
  if (!parsed.success) throw new ArchiveInvalidError(`${name}: ${firstIssue(parsed.error)}`)
  const line: IndexLine = parsed.data
  const fault = pathFault(line)
  if (fault !== undefined) throw new ArchiveInvalidError(`entry ${line.path}: ${fault}`)
  return line
}

/** What an index says as a whole: one kind, in order, each path once, and the sums that the manifest has. */
const checkLines = (segment: ManifestSegment, lines: readonly IndexLine[], name: string): void => {
  const paths = new Set<string>()
  let unpacked = 0
  let before: string | undefined
  for (const line of lines) {
    const { path } = line
    if (paths.has(path)) throw new ArchiveInvalidError(`entry ${path} is named twice`)
    paths.add(path)
    if (line.kind !== 'records') {
      if (segment.model !== undefined) throw new ArchiveInvalidError(`entry ${path} stands in a segment of records`)
      const position = blobOrder(line)
      if (before !== undefined && before >= position) throw new ArchiveInvalidError(`entry ${path} stands out of order`)
      before = position
      continue
    }
    if (line.model !== segment.model) throw new ArchiveInvalidError(`entry ${path} is not of the segment's model`)
    if (line.unpacked_size > MAX_CHUNK_BYTES || line.size > MAX_STORED_CHUNK_BYTES)
      throw new ArchiveInvalidError(`entry ${path} is larger than a chunk may be`)
    if (line.resources + line.revisions === 0) throw new ArchiveInvalidError(`entry ${path} holds no record`)
    if (line.first_h > line.last_h || (before !== undefined && before > line.first_h))
      throw new ArchiveInvalidError(`entry ${path} stands out of order`)
    before = line.last_h
    unpacked += line.unpacked_size
  }
  const { first_h, last_h } = segment
  if (unpacked !== segment.unpacked_size || lines[0]?.first_h !== first_h || lines.at(-1)?.last_h !== last_h)
    throw new ArchiveInvalidError(`${name} does not give the sizes and places that the manifest has`)
}

/** Entries lie end to end from the segment's start to its index, with room for their headers between them. */
export const checkContiguity = (segment: ManifestSegment, lines: readonly IndexLine[]): void => {
  let at = 0
  for (const { path, offset, size } of lines) {
    checkGap(path, offset - at)
    at = offset + paddedSize(size)
  }
  checkGap(`index of the segment at ${segment.offset}`, segment.index.offset - segment.offset - at)
}

/** A header, and before it at most one pax header with its body. */
const MAX_GAP = BLOCK + BLOCK + MAX_PAX_BYTES

const checkGap = (path: string, gap: number): void => {
  if (gap < BLOCK || gap > MAX_GAP || gap % BLOCK !== 0)
    throw new ArchiveInvalidError(`entry ${path} does not follow the one before it`)
}
