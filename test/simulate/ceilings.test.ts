import { describe, expect, it } from 'vitest'
import { must } from '../../shared/values/must.ts'
import { brokenCeilings } from './ceilings.ts'
import { LARGE_BLOB_SCENARIOS, SCENARIOS } from './scenarios.ts'
import { type Figures, simulate } from './simulate.ts'

const of = (resources: number) => SCENARIOS.filter((scenario) => scenario.resources === resources)

describe('a simulated export, and the restore of its archive', () => {
  it.each(of(1e6))('break no limit with 1 million resources and $functions functions', async (scenario) => {
    expect(brokenCeilings(await simulate(scenario))).toEqual([])
  })

  it.each(of(250e6).filter(({ functions }) => functions === 1_000))(
    'break no limit with 250 million resources and $functions functions',
    { timeout: 5 * 60_000 },
    async (scenario) => {
      const figures = await simulate(scenario)
      expect(brokenCeilings(figures)).toEqual([])
      expect(accounted(figures)).toEqual({ archive: true, resources: true })
      // If the workers of the export were on neighbouring partitions, the demand on one would be 33 times as high as
      // what it accepts.
      expect(figures.export.hottestPartition).toBeLessThan(5)
    },
  )

  it.each(LARGE_BLOB_SCENARIOS)('break no limit with a blob of $largeBlobs.0 bytes', async (scenario) => {
    expect(brokenCeilings(await simulate(scenario))).toEqual([])
  })
})

describe('a simulated check of an archive', () => {
  it.each(of(250e6).filter(({ functions }) => functions === 10))(
    'breaks no limit with 250 million resources and $functions functions, and does not use the resource table',
    { timeout: 5 * 60_000 },
    async (scenario) => {
      const figures = await simulate(scenario, { restores: false, checks: true })
      expect(brokenCeilings(figures)).toEqual([])
      const { seconds, readUnits, writeUnits } = must(figures.check)
      // A check reads and writes only its own items in the job table.
      expect((readUnits + writeUnits) / scenario.resources).toBeLessThan(0.01)
      expect(seconds).toBeLessThan(2 * 3600)
    },
  )
})

describe('a simulated export', () => {
  it.each(of(250e6).filter(({ functions }) => functions === 10_000))(
    'breaks no limit with 250 million resources and $functions functions',
    { timeout: 5 * 60_000 },
    async (scenario) => {
      const figures = await simulate(scenario, { restores: false })
      expect(brokenCeilings(figures)).toEqual([])
      // Before the lists of references were merged, S3 throttled the reads of these lists for more than a day.
      expect(figures.export.stages.get('export-blobs')).toBeLessThan(3600)
    },
  )
})

/** Checks that the simulation has read and written every resource, so that the figures are those of the whole job. */
const accounted = ({ scenario, archive, export: exported, restore }: Figures) => ({
  archive: archive !== undefined && archive.segments > 0,
  resources:
    Math.round(exported.readUnits / scenario.resources) === 1 &&
    Math.floor((restore?.writeUnits ?? 0) / scenario.resources) === 4,
})
