import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type RoundTrip, roundTrip } from './round-trip.ts'
import { roundTripTable } from './table.ts'

const MIB = 1024 * 1024
/** What a function may hold, whatever the archive's size. */
const BOUND = 512 * MIB
/** How far the collector lets a heap grow before it looks differs from run to run by as much; a stream is far larger. */
const NOISE = 96 * MIB

/** Half the resources of the other test: a stream of 1 GB, most of it blobs. */
const { LARGE_RESOURCES, LARGE_BLOB_MB } = z
  .object({
    LARGE_RESOURCES: z.coerce.number().int().min(1_600).default(100_000),
    LARGE_BLOB_MB: z.coerce.number().int().min(1).default(1_000),
  })
  .parse(process.env)

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const through = (part: number): Promise<RoundTrip> =>
  roundTrip(
    { resources: Math.round(LARGE_RESOURCES * part), blobBytes: LARGE_BLOB_MB * part * 1_000_000 },
    say,
    'specstar',
  )
const quarter = await through(1 / 4)
const whole = await through(1)
say(roundTripTable([quarter, whole]))

const peaksOf = ({ steps }: RoundTrip, name: string): ReadonlyMap<string, number> =>
  new Map(steps.find((step) => step.name === name)?.memory.map(({ name: process, peak }) => [process, peak]))

describe.each(['export', 'restore'])('%s of a large stream of SpecStar', (step) => {
  it('holds less than 512 MiB in each process, as much as that of a quarter of the size', () => {
    const before = peaksOf(quarter, step)
    const peaks = peaksOf(whole, step)
    expect([...peaks.keys()].sort()).toEqual(['dynamodb-server', 'main', 's3-server'])
    for (const [name, peak] of peaks) {
      expect(peak, name).toBeLessThan(BOUND)
      expect(peak, name).toBeLessThan((before.get(name) ?? 0) + NOISE)
    }
  })
})

describe('what comes back through a stream', () => {
  // A stream has instants without their offsets: the items are compared by the report, which digests them.
  it.each([quarter, whole])(
    'is every item and blob of $size.resources resources, proved',
    ({ before, after, report }) => {
      expect([after.items, after.blobs, after.blobBytes]).toEqual([before.items, before.blobs, before.blobBytes])
      expect(report.passed).toBe(true)
      expect(report.checks['counts']?.checked).toBe(before.items)
    },
  )
})
