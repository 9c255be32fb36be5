import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { allResults } from '../../shared/jobs/pass.ts'
import { CONVERT } from '../../shared/restore/messages/convert.ts'
import { metadataFirst, revisionsFirst } from '../specstar/reorder-stream.ts'
import { TestProgram } from './program.ts'
import { inventoryOfListing, readListing, specstarFile, storedInventory } from './specstar-listing.ts'

const Started = z.object({ job_id: z.string() })

let test: TestProgram
beforeAll(async () => {
  const limits = { passMs: 5, runBytes: 2_000, mergedRuns: 3, blobsPerRange: 2, rangeBytes: 8_000, largeBlobBytes: 500 }
  test = await TestProgram.start({ limits })
})
afterAll(() => test.stop())
afterEach(() => test.wipe())

it.each([
  ["in SpecStar's order", async (stream: Buffer) => Promise.resolve(stream)],
  ['with all metadata before all revisions', metadataFirst],
  ['with all revisions before all metadata', revisionsFirst],
])(
  'a stream %s is restored to the same store if its conversion takes many passes and merges sorted runs first',
  async (_what, reorder) => {
    const stream = await reorder(await specstarFile('guild.acbak'))
    const restored = await test.requestAndWait('POST', '/_backup/import?wait=25', stream)
    expect(restored).toMatchObject({ status: 200, body: { status: 'succeeded', verification: { passed: true } } })
    const { job_id } = Started.parse(restored.body)
    const results = await allResults(test.program.services, job_id, CONVERT)
    expect(new Set(results.map(({ phase }) => phase))).toEqual(new Set(['scan', 'merge', 'records', 'blobs', 'finish']))
    expect(results.length).toBeGreaterThan(15)
    expect(await storedInventory(test)).toEqual(inventoryOfListing(await readListing('catalogue.json'), ['guild']))
  },
)
