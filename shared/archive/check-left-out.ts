import { isUtf8 } from 'node:buffer'
import { schemaMessage } from '../values/schema-messages.ts'
import { isDeeperThan } from '../values/json-depth.ts'
import type { OpenArchive } from './archive.ts'
import { decompressZstdInPieces } from './compression.ts'
import { ArchiveInvalidError, atByte } from './errors.ts'
import { LEFT_OUT_NAME, UnrestorableStoredResource } from './left-out.ts'
import { MAX_LINE_BYTES, MAX_MANIFEST_LEVELS } from './limits.ts'
import { firstIssue } from './read-manifest.ts'

const ENTRY = `entry ${LEFT_OUT_NAME}`

/** Checks all lines of `left-out.jsonl.zst`, see `readLeftOut`. */
export const checkLeftOut = async (archive: OpenArchive): Promise<void> => {
  const resources = readLeftOut(archive)
  while ((await resources.next()).done !== true);
}

/**
 * Returns the resources that the export left out, which `left-out.jsonl.zst` lists. If the archive does not have this
 * entry, returns nothing. Opening an archive verifies only the checksum of the entry. Therefore, this function checks
 * its lines: each must describe a resource, their number must be that in the manifest, and the first ones must be those
 * in the manifest. Throws `ArchiveInvalidError`.
 */
export async function* readLeftOut({
  source,
  manifest,
  leftOutOffset,
}: OpenArchive): AsyncGenerator<UnrestorableStoredResource, void> {
  const { left_out } = manifest
  if (left_out === undefined || leftOutOffset === undefined) return
  const { count, resources, list } = left_out
  const compressed = await source.read(leftOutOffset, list.size)
  let lines = 0
  try {
    for await (const line of linesOf(decompressZstdInPieces(ENTRY, compressed, list.unpacked_size))) {
      lines += 1
      const resource = parseLine(line, lines)
      const stated = resources[lines - 1]
      if (stated !== undefined && JSON.stringify(resource) !== JSON.stringify(stated))
        throw new ArchiveInvalidError(`line ${lines} of ${ENTRY} differs from left_out.resources of the manifest`)
      yield resource
    }
    if (lines !== count)
      throw new ArchiveInvalidError(`${ENTRY} has ${lines} lines, but the manifest states left_out.count ${count}`)
  } catch (error) {
    throw atByte(leftOutOffset, error)
  }
}

const parseLine = (line: Buffer, number: number): UnrestorableStoredResource => {
  const fail = (problem: string): ArchiveInvalidError =>
    new ArchiveInvalidError(`line ${number} of ${ENTRY} ${problem}`)
  if (!isUtf8(line)) throw fail('is not UTF-8')
  if (isDeeperThan(line, MAX_MANIFEST_LEVELS)) throw fail(`is nested deeper than ${MAX_MANIFEST_LEVELS} levels`)
  const { success, data, error } = UnrestorableStoredResource.safeParse(parseJson(line), { error: schemaMessage })
  if (!success) throw fail(`does not describe a resource: ${firstIssue(error)}`)
  return data
}

/** Returns undefined if the line is not JSON. */
const parseJson = (line: Buffer): unknown => {
  try {
    return JSON.parse(line.toString())
  } catch {
    return undefined
  }
}

/**
 * Splits bytes into lines, without their newlines. Throws `ArchiveInvalidError` if a line is too long or unfinished.
 */
async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    let start = 0
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      yield bytes.subarray(start, end)
      start = end + 1
    }
    rest = bytes.subarray(start)
    if (rest.length > MAX_LINE_BYTES)
      throw new ArchiveInvalidError(`${ENTRY} has a line of more than ${MAX_LINE_BYTES} bytes`)
  }
  if (rest.length > 0) throw new ArchiveInvalidError(`the last line of ${ENTRY} does not end in a newline`)
}
