import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { isDeeperThan } from '../values/json-depth.ts'
import { schemaMessage } from '../values/schema-messages.ts'
import { decompressZstd } from './compression.ts'
import { ArchiveInvalidError, EntryCorruptError } from './errors.ts'
import { entrySortKey, explainWrongPath, type IndexLine, IndexLineSchema } from './index-line.ts'
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

/**
 * Decodes the index of a segment from its stored bytes. Verifies the checksum, and checks the schema, path and order of
 * the lines. Compares the lines with the manifest. Does not check the offsets, because `checkContiguity` checks them.
 * Throws `EntryCorruptError` or `ArchiveInvalidError`.
 */
export const decodeIndex = async (segment: ManifestSegment, stored: Buffer): Promise<readonly IndexLine[]> => {
  const { index } = segment
  const name = `index of the segment that begins at byte ${segment.offset}`
  const actual = hash('sha256', stored)
  if (actual !== index.sha256) throw new EntryCorruptError(name, index.sha256, actual, { subject: `the ${name}` })
  if (index.unpacked_size > MAX_INDEX_BYTES)
    throw new ArchiveInvalidError(
      `the ${name} has ${index.unpacked_size} bytes; at most ${MAX_INDEX_BYTES} are allowed`,
    )
  const bytes = await decompressZstd(`the ${name}`, stored, index.unpacked_size)
  if (!isUtf8(bytes) || bytes.at(-1) !== 0x0a)
    throw new ArchiveInvalidError(`the ${name} must consist of UTF-8 lines that end in a newline`)
  const lines: IndexLine[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start)
    lines.push(decodeIndexLine(bytes.subarray(start, end), `line ${lines.length + 1} of the ${name}`))
    start = end + 1
  }
  checkLines(segment, lines, name)
  return lines
}

const decodeIndexLine = (bytes: Buffer, name: string): IndexLine => {
  if (isDeeperThan(bytes, MAX_MANIFEST_LEVELS))
    throw new ArchiveInvalidError(`${name} is nested deeper than ${MAX_MANIFEST_LEVELS} levels`)
  let json: unknown
  try {
    json = JSON.parse(bytes.toString())
  } catch {
    throw new ArchiveInvalidError(`${name} is not JSON`)
  }
  const parsed = IndexLineSchema.safeParse(json, { error: schemaMessage })
  if (!parsed.success) throw new ArchiveInvalidError(`${name}: ${firstIssue(parsed.error)}`)
  const line: IndexLine = parsed.data
  const problem = explainWrongPath(line)
  if (problem !== undefined) throw new ArchiveInvalidError(`entry ${line.path}: ${problem}`)
  return line
}

/**
 * Checks all lines of an index together. The lines must have the kind of the segment, be in order, contain no path
 * twice, and match the description of the segment in the manifest.
 */
const checkLines = (segment: ManifestSegment, lines: readonly IndexLine[], name: string): void => {
  const paths = new Set<string>()
  let unpackedSize = 0
  // The last id hash of the previous chunk. In a segment of payloads and blobs, the sort key of the previous entry.
  let previous: string | undefined
  for (const line of lines) {
    const { path } = line
    if (paths.has(path)) throw new ArchiveInvalidError(`entry ${path} occurs twice in the ${name}`)
    paths.add(path)
    if (line.kind !== 'records') {
      if (segment.model !== undefined)
        throw new ArchiveInvalidError(`entry ${path} is a ${line.kind} in a segment of records`)
      const sortKey = entrySortKey(line)
      if (previous !== undefined && previous >= sortKey) throw new ArchiveInvalidError(`entry ${path} is out of order`)
      previous = sortKey
      continue
    }
    if (line.model !== segment.model)
      throw new ArchiveInvalidError(`entry ${path} does not belong to the model of its segment`)
    if (line.unpacked_size > MAX_CHUNK_BYTES || line.size > MAX_STORED_CHUNK_BYTES)
      throw new ArchiveInvalidError(`entry ${path} is larger than a chunk may be (${MAX_CHUNK_BYTES} bytes)`)
    if (line.resources + line.revisions === 0) throw new ArchiveInvalidError(`entry ${path} contains no record`)
    if (line.first_h > line.last_h || (previous !== undefined && previous > line.first_h))
      throw new ArchiveInvalidError(`entry ${path} is out of order`)
    previous = line.last_h
    unpackedSize += line.unpacked_size
  }
  const { first_h, last_h } = segment
  if (unpackedSize !== segment.unpacked_size || lines[0]?.first_h !== first_h || lines.at(-1)?.last_h !== last_h)
    throw new ArchiveInvalidError(`the ${name} does not match unpacked_size, first_h and last_h of the manifest`)
}

/**
 * Checks that a segment consists only of its entries. Only tar headers and padding may be between the contents, from
 * the start of the segment to its index.
 */
export const checkContiguity = (segment: ManifestSegment, lines: readonly IndexLine[]): void => {
  let end = 0
  for (const { path, offset, size } of lines) {
    checkGap(`entry ${path}`, offset - end)
    end = offset + paddedSize(size)
  }
  checkGap(
    `the index of the segment that begins at byte ${segment.offset}`,
    segment.index.offset - segment.offset - end,
  )
}

/** Maximum number of bytes between two contents. There may be one tar header, and one pax header with its body. */
const MAX_GAP = BLOCK + BLOCK + MAX_PAX_BYTES

const checkGap = (subject: string, gap: number): void => {
  if (gap < BLOCK || gap > MAX_GAP || gap % BLOCK !== 0)
    throw new ArchiveInvalidError(`${subject} must begin where the previous entry ends`)
}
