import { expect } from 'vitest'
import * as z from 'zod'
import type { Job } from '../../shared/jobs/job.ts'
import type { Size } from '../large/sample.ts'
import { shareOf, usageTable } from './figures.ts'
import type { Invocation } from './job-recorder.ts'
import { type LimitedJob, LimitedStore, type Offer } from './limited-store.ts'

export interface Scenario extends Offer {
  readonly size: Size
  /** The beginning of the names of the limits that the jobs reach, such as `table specstar-resources`. */
  readonly bottleneck: string
}

const Checks = z.record(z.string(), z.object({ passed: z.boolean() }))

/** The share of the offered units that a job must use while its requests are refused. */
const MIN_SHARE = 0.85
/** The refused requests of a shorter time are single bursts, whose share depends on chance. */
const MIN_SECONDS = 2

/**
 * Exports a store, deletes everything and restores the archive, all within limits. Expects that both jobs succeed, that
 * every check passes, that no pass is repeated or lost, and that the offered units are used. Passes the figures of each
 * job to `log` before it expects anything of the job.
 */
export const roundTripWithinLimits = async (scenario: Scenario, log: (figures: string) => void): Promise<void> => {
  const store = await LimitedStore.start(scenario)
  try {
    await store.fill(scenario.size)
    const before = await store.contents()
    const exported = await store.export()
    log(figuresOf('export', exported))
    expectNothingLost(exported)
    await store.wipe()
    const restored = await store.restore(exported.job)
    log(figuresOf('restore', restored))
    expectNothingLost(restored)
    const checks = Object.entries(Checks.parse(restored.job.result?.verification?.checks))
    expect(checks.map(([name, { passed }]) => [name, passed])).toEqual(checks.map(([name]) => [name, true]))
    expect(checks.length).toBeGreaterThan(0)
    const after = await store.contents()
    expect([...after.items.keys()].sort()).toEqual([...before.items.keys()].sort())
    expect(after.objects).toEqual(before.objects)
    expectOfferUsed([exported, restored], scenario.bottleneck)
  } finally {
    await store.stop()
  }
}

/** Expects that a job succeeded although its requests were refused, and that each pass ran once. */
const expectNothingLost = ({ job, invocations }: LimitedJob<Job>): void => {
  expect(job.status, JSON.stringify(job.error)).toBe('succeeded')
  expect(invocations.filter(({ attempts }) => attempts !== 1)).toEqual([])
  expect(invocations.filter(({ isPass, isStored }) => isPass && !isStored)).toEqual([])
}

/**
 * Expects that each throttled stage with several workers uses one of its limits. The others may be used less: a stage
 * that has used the units of one prefix cannot use the units of another. A stage with one worker, such as
 * `plan-export`, sends one request at a time. It does not request more than is offered, but one large page takes the
 * units of several seconds here, and not of a few milliseconds as on AWS.
 */
const expectOfferUsed = (jobs: readonly LimitedJob<Job>[], bottleneck: string): void => {
  const throttled = jobs.flatMap(({ usage, invocations }) =>
    usage.filter(
      ({ stage, name, throttled: { seconds } }) =>
        workersOf(stage, invocations) > 1 && name.startsWith(bottleneck) && seconds >= MIN_SECONDS,
    ),
  )
  const shares = Map.groupBy(throttled, ({ stage }) => stage)
    .entries()
    .map(([stage, rows]) => [stage, Math.max(...rows.map(shareOf))] as const)
    .toArray()
  expect(shares.length).toBeGreaterThan(0)
  expect(shares.filter(([, share]) => share < MIN_SHARE)).toEqual([])
}

/** Returns the number of map items of a stage. Each of them has a first pass. */
const workersOf = (stage: string, invocations: readonly Invocation[]): number =>
  invocations.filter(({ name }) => name.startsWith(`${stage} `) && name.endsWith(' 0')).length

const figuresOf = (name: string, { job, seconds, usage, invocations, refusedInvocations }: LimitedJob<Job>): string => {
  const passes = invocations.filter(({ isPass }) => isPass).length
  return (
    `${name}: ${job.status} after ${seconds.toFixed(1)} s, ${passes} passes, ` +
    `${invocations.filter(({ attempts }) => attempts > 1).length} of them repeated, ` +
    `${refusedInvocations} invocations refused\n${usageTable(usage)}`
  )
}
