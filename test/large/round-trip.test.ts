import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type RoundTrip, roundTrip } from './round-trip.ts'
import { roundTripTable } from './table.ts'

const MIB = 1024 * 1024
/** What a function may hold, whatever the archive's size. */
const BOUND = 512 * MIB
/** How far the collector lets a heap grow before it looks differs from run to run by as much; an archive is far larger. */
const NOISE = 96 * MIB

const { LARGE_RESOURCES, LARGE_BLOB_MB } = z
  .object({
    LARGE_RESOURCES: z.coerce.number().int().min(1_600).default(200_000),
    LARGE_BLOB_MB: z.coerce.number().int().min(1).default(1_000),
  })
  .parse(process.env)

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const quarter = await roundTrip(
  { resources: Math.round(LARGE_RESOURCES / 4), blobBytes: (LARGE_BLOB_MB / 4) * 1_000_000 },
  say,
)
const whole = await roundTrip({ resources: LARGE_RESOURCES, blobBytes: LARGE_BLOB_MB * 1_000_000 }, say)
say(roundTripTable([quarter, whole]))

const peaksOf = ({ steps }: RoundTrip, name: string): ReadonlyMap<string, number> =>
  new Map(steps.find((step) => step.name === name)?.memory.map(({ name: process, peak }) => [process, peak]))

describe.each(['export', 'restore'])('%s of a large store', (step) => {
  it('holds less than 512 MiB in the program and in each stand-in', () => {
    const peaks = peaksOf(whole, step)
    expect([...peaks.keys()].sort()).toEqual(['dynamodb-server', 'main', 's3-server'])
    for (const [name, peak] of peaks) expect(peak, name).toBeLessThan(BOUND)
  })

  it('holds as much memory as that of a quarter of the size', () => {
    const before = peaksOf(quarter, step)
    for (const [name, peak] of peaksOf(whole, step)) expect(peak, name).toBeLessThan((before.get(name) ?? 0) + NOISE)
  })
})

describe('what comes back', () => {
  it.each([quarter, whole])('is every item and every blob of $size.resources resources, byte for byte', (trip) => {
    expect(trip.after).toEqual(trip.before)
  })

  it.each([quarter, whole])('is proved by the report for $size.resources resources', ({ report, before }) => {
    expect(report.passed).toBe(true)
    expect(report.checks['counts']?.checked).toBe(before.items)
  })
})
