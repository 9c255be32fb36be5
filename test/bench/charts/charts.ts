import type { BenchResult, CountedJob, DataSetResult } from '../results/result.ts'
import { summaryOf } from '../results/statistics.ts'
import { chartSvg, type Series } from './chart.ts'

const MB = 1_000_000
const MIB = 1024 * 1024

/** The lines of the chart of throughput: measures by their titles. */
const THROUGHPUT = {
  export: 'export',
  'export by a minimal program': 'plain export',
  'restore with verification': 'restore overwrite',
  'raw batch writes': 'batch write',
}
/** The lines of the chart of memory: counted jobs by their titles. */
const MEMORY = { export: 'export', 'restore with verification': 'restore overwrite' }

/**
 * Draws throughput and the memory of a worker against the size of the store, for the data sets of one series. The names
 * of the files are the keys of the result.
 */
export const chartsOf = ({ data_sets }: Pick<BenchResult, 'data_sets'>): Record<string, string> => {
  const sets = Object.values(data_sets).filter(({ series }) => series !== undefined)
  const xTitle = `size of the store in MB (${sets[0]?.series ?? ''})`
  return {
    'throughput.svg': chartSvg({
      title: 'Throughput',
      xTitle,
      yTitle: 'MB/s',
      series: seriesOf(THROUGHPUT, sets, ({ measures, bytes }, name) => {
        const measure = measures[name]
        return measure === undefined ? undefined : bytes / MB / summaryOf(measure.seconds).median
      }),
    }),
    'memory.svg': chartSvg({
      title: 'Peak memory of a worker',
      xTitle,
      yTitle: 'MiB',
      series: seriesOf(MEMORY, sets, ({ counted }, name) => peakOf(counted[name])),
    }),
  }
}

const peakOf = (job: CountedJob | undefined): number | undefined =>
  job === undefined ? undefined : Math.max(...Object.values(job.workers).map(({ peak_bytes }) => peak_bytes)) / MIB

const seriesOf = (
  titles: Readonly<Record<string, string>>,
  sets: readonly DataSetResult[],
  valueOf: (set: DataSetResult, name: string) => number | undefined,
): Series[] =>
  Object.entries(titles).map(([title, name]) => ({
    name: title,
    points: sets
      .flatMap((set) => {
        const value = valueOf(set, name)
        return value === undefined ? [] : [[set.bytes / MB, value] as const]
      })
      .sort(([a], [b]) => a - b),
  }))
