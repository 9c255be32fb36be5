import { spreadText, tableText } from './figures.ts'
import { COMPARISONS } from './measures.ts'
import { sumOfCalls } from './ours/call-counter.ts'
import { callsOf } from './results/cost.ts'
import type { BenchResult, CountedJob, DataSetResult, MeasureResult } from './results/result.ts'
import { summaryOf } from './results/statistics.ts'

const MB = 1_000_000
const MIB = 1024 * 1024

/** Formats the results of a data set as tables. */
export const dataSetText = (name: string, set: DataSetResult): string =>
  [
    `\n${name}: ${set.size.resources} resources, ${set.items} items, ${set.size.blobs} blobs, ` +
      `${(set.bytes / MB).toFixed(0)} MB`,
    measuresTable(set),
    ...Object.entries(set.measures).flatMap(([measure, { error }]) =>
      error === undefined ? [] : [`${measure}: ${error}`],
    ),
    ratiosTable(set),
    ...(Object.keys(set.counted).length === 0 ? [] : [usageTable(set), workersTable(set.counted)]),
  ].join('\n')

/** Formats what does not belong to a data set: end-to-end times, and what the peers lose. */
export const commonText = ({ latency, peers }: Pick<BenchResult, 'latency' | 'peers'>): string =>
  [
    tableText(
      ['end to end', 'seconds', 'range'],
      Object.entries(latency).map(([name, seconds]) => [
        name,
        summaryOf(seconds).median.toFixed(2),
        spreadText(seconds),
      ]),
    ),
    ...Object.values(peers).flatMap(({ package: name, losses, error }) => [
      `${name}: ${error ?? (losses.length === 0 ? 'no losses were found' : 'changes or loses')}`,
      ...losses.map((loss) => `  ${loss}`),
    ]),
  ].join('\n')

const measuresTable = ({ measures, bytes, size }: DataSetResult): string =>
  tableText(
    ['measure', 'seconds', 'range', 'MB/s', 'resources/s', 'CPU s', 'peak MiB', 'different'],
    Object.entries(measures).flatMap(([name, measure]) => {
      if (measure.seconds.length === 0) return [[name, 'failed', '', '', '', '', '', '']]
      const { median } = summaryOf(measure.seconds)
      return [
        [
          name,
          median.toFixed(2),
          spreadText(measure.seconds),
          (bytes / MB / median).toFixed(1),
          (size.resources / median).toFixed(0),
          processText(measure, ({ cpu_seconds }) => summaryOf(cpu_seconds).median.toFixed(1)),
          processText(measure, ({ peak_bytes }) => (Math.max(...peak_bytes) / MIB).toFixed(0)),
          measure.differences === undefined ? '' : String(measure.differences),
        ],
        ...Object.entries(measure.stages).map(([stage, seconds]) => [
          `  ${stage}`,
          summaryOf(seconds).median.toFixed(2),
          spreadText(seconds),
          '',
          '',
          '',
          '',
          '',
        ]),
      ]
    }),
  )

const processText = (
  { processes }: MeasureResult,
  format: (usage: MeasureResult['processes'][string]) => string,
): string =>
  Object.entries(processes)
    .map(([name, usage]) => `${name} ${format(usage)}`)
    .join(', ')

const ratiosTable = ({ ratios }: DataSetResult): string =>
  tableText(
    ['speed of the product / of the other', 'ratio', 'wanted'],
    COMPARISONS.flatMap(({ name, target }) => {
      const ratio = ratios[name]
      return ratio === undefined ? [] : [[name, ratio.toFixed(2), target === undefined ? '' : target.toFixed(2)]]
    }),
  )

/** Requests and units of each job for a thousand resources, and how far they are above the least possible. */
const usageTable = ({ counted, size }: DataSetResult): string =>
  tableText(
    ['per 1,000 resources', 'table calls', 'read units', 'write units', 'S3 reads', 'S3 writes', '$ per million'],
    Object.entries(counted).map(([name, { stages, least, cost_per_million: cost }]) => {
      const total = sumOfCalls(Object.values(stages))
      const per = (value: number): string => ((value * 1000) / size.resources).toFixed(0)
      const against = (value: number, possible: number): string =>
        `${per(value)} (least ${per(possible)}${possible === 0 ? '' : `, ${overhead(value, possible)}`})`
      const { read_units: reads, write_units: writes } = total
      return [
        name,
        against(callsOf(total, 'table'), least.table_calls),
        against(reads['resources'] ?? 0, least.read_units),
        against(writes['resources'] ?? 0, least.write_units),
        against(callsOf(total, 'object-read'), least.blob_reads),
        against(callsOf(total, 'object-write'), least.blob_writes),
        (cost.dynamodb + cost.s3 + cost.lambda).toFixed(2),
      ]
    }),
  )

const overhead = (value: number, possible: number): string => {
  const percent = (100 * (value - possible)) / possible
  return `${percent < 0 ? '' : '+'}${percent.toFixed(0)} %`
}

const workersTable = (counted: Readonly<Record<string, CountedJob>>): string =>
  tableText(
    ['worker, with the settings of Lambda', 'processes', 'peak MiB', 'CPU s'],
    Object.entries(counted).flatMap(([job, { workers }]) =>
      Object.entries(workers).map(([stage, { processes, peak_bytes, cpu_seconds }]) => [
        `${job}: ${stage}`,
        String(processes),
        (peak_bytes / MIB).toFixed(0),
        cpu_seconds.toFixed(1),
      ]),
    ),
  )
