import process from 'node:process'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type RoundTrip, roundTrip } from './round-trip.ts'
import { roundTripTable } from './table.ts'

const MIB = 1024 * 1024
/** The maximum memory of a function, for every archive size. */
const MAX_MEMORY = 512 * MIB
/**
 * Between equal runs, peaks differ by this much, because garbage collections start at different times. An archive is
 * far larger.
 */
const NOISE = 96 * MIB

const { LARGE_RESOURCES, LARGE_BLOB_MB } = z
  .object({
    LARGE_RESOURCES: z.coerce.number().int().min(1_600).default(200_000),
    LARGE_BLOB_MB: z.coerce.number().int().min(1).default(1_000),
  })
  .parse(process.env)

const log = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const quarter = await roundTrip(
  { resources: Math.round(LARGE_RESOURCES / 4), blobBytes: (LARGE_BLOB_MB / 4) * 1_000_000 },
  log,
)
const whole = await roundTrip({ resources: LARGE_RESOURCES, blobBytes: LARGE_BLOB_MB * 1_000_000 }, log)
log(roundTripTable([quarter, whole]))

const peaksOf = ({ steps }: RoundTrip, name: string): ReadonlyMap<string, number> =>
  new Map(steps.find((step) => step.name === name)?.memory.map(({ name: process, peak }) => [process, peak]))

describe.each(['export', 'restore'])('%s of a large store', (step) => {
  it('uses less than 512 MiB in the program and in each local service', () => {
    const peaks = peaksOf(whole, step)
    expect([...peaks.keys()].sort()).toEqual(['dynamodb', 'program', 's3'])
    for (const [name, peak] of peaks) expect(peak, name).toBeLessThan(MAX_MEMORY)
  })

  it('uses no more memory than that of a quarter of the store', () => {
    const before = peaksOf(quarter, step)
    for (const [name, peak] of peaksOf(whole, step)) expect(peak, name).toBeLessThan((before.get(name) ?? 0) + NOISE)
  })
})

describe('the restored store', () => {
  it.each([quarter, whole])('is identical to the original with $size.resources resources', (trip) => {
    expect(trip.after).toEqual(trip.before)
  })

  it.each([quarter, whole])('passes the verification with $size.resources resources', ({ report, before }) => {
    expect(report.passed).toBe(true)
    expect(report.checks['counts']?.checked).toBe(before.items)
  })
})
