import process from 'node:process'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type RoundTrip, roundTrip } from './round-trip.ts'
import { roundTripTable } from './table.ts'

const MIB = 1024 * 1024
/** The maximum memory of a function, for every archive size. */
const MAX_MEMORY = 512 * MIB
/**
 * Between equal runs, peaks differ by this much, because garbage collections start at different times. A stream is far
 * larger.
 */
const NOISE = 96 * MIB

/** Half the resources of the other test. They make a stream of 1 GB, most of it blobs. */
const { LARGE_RESOURCES, LARGE_BLOB_MB } = z
  .object({
    LARGE_RESOURCES: z.coerce.number().int().min(1_600).default(100_000),
    LARGE_BLOB_MB: z.coerce.number().int().min(1).default(1_000),
  })
  .parse(process.env)

const log = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const roundTripOf = (part: number): Promise<RoundTrip> =>
  roundTrip(
    { resources: Math.round(LARGE_RESOURCES * part), blobBytes: LARGE_BLOB_MB * part * 1_000_000 },
    log,
    'specstar',
  )
const quarter = await roundTripOf(1 / 4)
const whole = await roundTripOf(1)
log(roundTripTable([quarter, whole]))

const peaksOf = ({ steps }: RoundTrip, name: string): ReadonlyMap<string, number> =>
  new Map(steps.find((step) => step.name === name)?.memory.map(({ name: process, peak }) => [process, peak]))

describe.each(['export', 'restore'])('%s of a large SpecStar stream', (step) => {
  it('uses less than 512 MiB in each process, and no more than that of a quarter of the stream', () => {
    const before = peaksOf(quarter, step)
    const peaks = peaksOf(whole, step)
    expect([...peaks.keys()].sort()).toEqual(['dynamodb', 'program', 's3'])
    for (const [name, peak] of peaks) {
      expect(peak, name).toBeLessThan(MAX_MEMORY)
      expect(peak, name).toBeLessThan((before.get(name) ?? 0) + NOISE)
    }
  })
})

describe('the store restored from a stream', () => {
  // A stream contains times without their UTC offsets, so the items differ from the original. The report compares
  // digests.
  it.each([quarter, whole])(
    'has all items and blobs of $size.resources resources and passes the verification',
    ({ before, after, report }) => {
      expect([after.items, after.blobs, after.blobBytes]).toEqual([before.items, before.blobs, before.blobBytes])
      expect(report.passed).toBe(true)
      expect(report.checks['counts']?.checked).toBe(before.items)
    },
  )
})
