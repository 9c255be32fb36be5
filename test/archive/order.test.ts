import { describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { decodeLine, recordOf } from '../../shared/archive/record-line.ts'
import { RecordOrder } from '../../shared/archive/record-order.ts'
import { readEntries, readIndex, readLineBatches, type ReadOptions } from '../../shared/archive/segment-reader.ts'
import { memorySource } from './memory.ts'
import { writeArchive } from './sample.ts'

/** Resources of many chunks each, so that runs begin and end inside them. */
const archive = await writeArchive({
  models: {
    city: Array.from({ length: 6 }, (_, k) => ({
      id: `city:${k}`,
      revisions: Array.from({ length: 9 }, (__, n) => ({ n: n + 1, data: 'x'.repeat(300) })),
    })),
  },
  limits: { full: 1_000, max: 2_000 },
})

/** Counts what passes the check of order. */
const check = async (options: ReadOptions, partial: boolean): Promise<{ resources: number; revisions: number }> => {
  const opened = await openArchive(memorySource(archive))
  const [segment] = opened.segments
  if (segment === undefined) throw new Error('no segment')
  const order = new RecordOrder(segment, { partial })
  for await (const { entry, content } of readEntries(opened, segment, await readIndex(opened, segment), options)) {
    order.beginChunk(entry)
    for await (const lines of readLineBatches(entry, content)) {
      for (const line of lines) {
        const item = decodeLine(line)
        order.check(recordOf(item), item)
      }
    }
    order.endChunk()
  }
  order.end()
  return { resources: order.resources, revisions: order.revisions }
}

describe('the order of records', () => {
  it('counts a whole segment', async () => {
    expect(await check({}, false)).toEqual({ resources: 6, revisions: 54 })
  })

  it('is checked from any chunk on, and over any choice of chunks', async () => {
    for (let from = 0; from < 12; from++) await check({ from }, true)
    for (let pattern = 1; pattern < 128; pattern++) {
      let ordinal = 0
      await check({ only: () => (pattern & (1 << (ordinal++ % 7))) !== 0 }, true)
    }
  })

  it('takes no part of a segment for the whole', async () => {
    await expect(check({ from: 1 }, false)).rejects.toThrow('without its metadata')
  })
})
