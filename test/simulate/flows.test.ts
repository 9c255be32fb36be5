import { describe, expect, it } from 'vitest'
import { Capacity } from './capacity.ts'
import { VirtualClock } from './clock.ts'
import { Flows } from './flows.ts'

describe('simulated works', () => {
  it('take the time that one worker needs if nothing throttles them', async () => {
    const clock = new VirtualClock()
    const flows = new Flows(clock)
    const writes = new Capacity('writes', { perSecond: 1_000 })
    const work = { steps: 500, perSecond: 100, uses: [{ capacity: writes, units: 2 }] }
    expect(await clock.run(flows.run(work, Infinity))).toBe(500)
    expect(clock.now).toBeCloseTo(5)
    expect(writes.units).toBeCloseTo(1_000)
    expect(writes.peakDemand).toBe(200)
  })

  it('share the units of a capacity, of which throttled callers use 85 %', async () => {
    const clock = new VirtualClock()
    const flows = new Flows(clock)
    const writes = new Capacity('writes', { perSecond: 1_000 })
    const work = { steps: 8_500, perSecond: 10_000, uses: [{ capacity: writes, units: 1 }] }
    await clock.run(Promise.all([flows.run(work, Infinity), flows.run(work, Infinity)]))
    expect(clock.now).toBeCloseTo(20)
    expect(writes.peakDemand).toBe(20_000)
  })

  it('end at the time limit with the steps that were done', async () => {
    const clock = new VirtualClock()
    const work = { steps: 1_000, perSecond: 10, uses: [] }
    expect(await clock.run(new Flows(clock).run(work, 30))).toBeCloseTo(300)
  })

  it('first use the units that were saved for a burst', async () => {
    const clock = new VirtualClock()
    const reads = new Capacity('reads', { perSecond: 100, burstSeconds: 10 })
    const work = { steps: 2_000, perSecond: 200, uses: [{ capacity: reads, units: 1 }] }
    await clock.run(new Flows(clock).run(work, Infinity))
    // 1,000 saved units last for 10 seconds and 2,000 steps, so the work is not throttled.
    expect(clock.now).toBeCloseTo(10)
  })

  it('never use more units than a saturated capacity offers, however often works begin and end', async () => {
    const clock = new VirtualClock()
    const flows = new Flows(clock)
    const reads = new Capacity('reads', { perSecond: 1_000, burstSeconds: 10 })
    const steps = (k: number): number => 200 + k
    const works = Array.from({ length: 1_000 }, (_, k) =>
      flows.run({ steps: steps(k), perSecond: 1_000, uses: [{ capacity: reads, units: 1 }] }, Infinity),
    )
    await clock.run(Promise.all(works))
    const units = Array.from({ length: 1_000 }, (_, k) => steps(k)).reduce((sum, count) => sum + count, 0)
    expect(reads.units).toBeCloseTo(units)
    expect(clock.now).toBeGreaterThanOrEqual((units - 10_000) / 1_000)
  })

  it('become faster when an on-demand table has grown', async () => {
    const clock = new VirtualClock()
    const writes = new Capacity('writes', { perSecond: 100, growth: { everySeconds: 60, limit: 150 } })
    const work = { steps: 85 * 60 + 127.5 * 60, perSecond: 1_000, uses: [{ capacity: writes, units: 1 }] }
    await clock.run(new Flows(clock).run(work, Infinity))
    expect(clock.now).toBeCloseTo(120)
  })
})
