import { readStream } from '../../shared/specstar/read-stream.ts'
import { memorySource } from '../archive/memory.ts'

/** Returns a stream with the same records. Within each section, the records are sorted by the given types. */
const sortSections = async (stream: Buffer, types: readonly string[]): Promise<Buffer> => {
  const frames: Buffer[] = []
  let section: { readonly rank: number; readonly frame: Buffer }[] = []
  for await (const { t, offset, end } of readStream(memorySource(stream))) {
    const frame = stream.subarray(offset, end)
    const rank = types.indexOf(t)
    if (rank >= 0) section.push({ rank, frame })
    else {
      // Sorting is stable, so records of the same type keep their order.
      frames.push(...section.sort((a, b) => a.rank - b.rank).map((one) => one.frame), frame)
      section = []
    }
  }
  return Buffer.concat(frames)
}

/** Returns the stream in the order of SpecStar's predecessor: all metadata of a section, and then all revisions. */
export const metadataFirst = (stream: Buffer): Promise<Buffer> =>
  sortSections(stream, ['MetaRecord', 'RevisionRecord', 'BlobRecord'])

export const revisionsFirst = (stream: Buffer): Promise<Buffer> =>
  sortSections(stream, ['RevisionRecord', 'MetaRecord', 'BlobRecord'])
