import { describe, expect, it } from 'vitest'
import { readLineBatches } from '../../shared/archive/chunk-lines.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { decodeLine, recordKeyOf } from '../../shared/archive/record-line.ts'
import { RecordOrder } from '../../shared/archive/record-order.ts'
import { type EntrySelection, readEntries, readIndex } from '../../shared/archive/segment-reader.ts'
import { memorySource } from './memory.ts'
import { writeArchive } from './sample.ts'

/** Every resource has several chunks, so that partial reads begin and end inside resources. */
const archive = await writeArchive({
  models: {
    city: Array.from({ length: 6 }, (_, k) => ({
      id: `city:${k}`,
      revisions: Array.from({ length: 9 }, (__, n) => ({ n: n + 1, data: 'x'.repeat(300) })),
    })),
  },
  limits: { full: 1_000, max: 2_000 },
})

/** Checks the order of the selected chunks, and returns how many resources and revisions they contain. */
const check = async (selection: EntrySelection): Promise<{ resources: number; revisions: number }> => {
  const opened = await openArchive(memorySource(archive))
  const [segment] = opened.segments
  if (segment === undefined) throw new Error('the archive has no segment')
  const order = new RecordOrder(segment)
  for await (const { entry, content } of readEntries(opened, segment, await readIndex(opened, segment), selection)) {
    order.beginChunk(entry)
    for await (const lines of readLineBatches(entry, content)) {
      for (const line of lines) {
        const item = decodeLine(line)
        order.check(recordKeyOf(item))
      }
    }
    order.endChunk()
  }
  return { resources: order.resources, revisions: order.revisions }
}

describe('RecordOrder on the chunks of an archive', () => {
  it('counts the records of a whole segment', async () => {
    expect(await check({})).toEqual({ resources: 6, revisions: 54 })
  })

  it('accepts a segment from any chunk on', async () => {
    for (let from = 0; from < 12; from++) await expect(check({ from })).resolves.toBeDefined()
  })

  it('accepts any selection of chunks', async () => {
    for (let pattern = 1; pattern < 128; pattern++) {
      let ordinal = 0
      await check({ filter: () => (pattern & (1 << (ordinal++ % 7))) !== 0 })
    }
  })
})
