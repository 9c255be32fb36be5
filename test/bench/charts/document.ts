import { markdownTable } from '../../markdown-table.ts'
import { COMPARISONS } from '../measures.ts'
import { sumOfCalls } from '../ours/call-counter.ts'
import { callsOf } from '../results/cost.ts'
import type { BenchResult, CountedJob, DataSetResult } from '../results/result.ts'
import { summaryOf } from '../results/statistics.ts'

const MB = 1_000_000
const MIB = 1024 * 1024
const GIB = 1024 * MIB

/** Returns the results of a run as a Markdown document. The charts are in the same folder. */
export const resultsDocument = (result: BenchResult): string => `# Results of the benchmark

\`npm run bench:charts\` writes this document and the charts. [README.md](../README.md) explains the terms.

${runText(result)}

![throughput against the size of the store](throughput.svg)

![peak memory of a worker against the size of the store](memory.svg)

## Speed

Each figure is a speed relative to a floor or to a peer, in the same run. 0.5 means half as fast.
Figures below the wanted ratio are in bold. [LIMITS.md](../LIMITS.md) explains them.

${ratios(result)}

${endToEnd(result)}

## Seconds

The medians of the rounds, for each data set. A restore includes its verification.

${seconds(result)}

## Requests and units

For 1,000 resources. In brackets, the excess over the least possible number, by the formulas of \`results/least.ts\`.
The cost contains DynamoDB, S3 and Lambda, at list prices, for a million resources.

${units(result)}

## Memory

The peak memory of the workers, in MiB. They are processes of their own, with the settings of the deployed functions.

${memory(result)}

## Peers

What each peer changed or lost when it copied awkward items or objects:

${peers(result)}
`

const runText = ({ measured_at, mode, rounds, machine, versions, services, data_sets }: BenchResult): string =>
  [
    `- ${measured_at.slice(0, 10)}, \`${mode}\`, at most ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
    `- ${machine.cores} cores (${machine.cpu}), ${(machine.memory_bytes / GIB).toFixed(0)} GiB, ${machine.system}`,
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    `- DynamoDB: ${services.dynamodb}; S3: ${services.s3}`,
    ...Object.entries(data_sets).map(
      ([name, { size, items, bytes }]) =>
        `- \`${name}\`: ${size.resources} resources, ${items} items, ${size.blobs} blobs, ${(bytes / MB).toFixed(0)} MB`,
    ),
  ].join('\n')

const endToEnd = ({ latency }: BenchResult): string =>
  markdownTable(
    ['end to end', 'seconds'],
    Object.entries(latency).map(([name, values]) => [name, summaryOf(values).median.toFixed(2)]),
  )

/** One row for each comparison, and one column for each data set. */
const ratios = ({ data_sets }: BenchResult): string =>
  markdownTable(
    ['speed of the product / of the other', 'wanted', ...Object.keys(data_sets)],
    COMPARISONS.map(({ name, target }) => [
      name,
      target?.toFixed(2) ?? '',
      ...Object.values(data_sets).map(({ ratios: { [name]: ratio } }) => {
        if (ratio === undefined) return ''
        return target !== undefined && ratio < target ? `**${ratio.toFixed(2)}**` : ratio.toFixed(2)
      }),
    ]),
  )

const seconds = ({ data_sets }: BenchResult): string => {
  const median = ({ seconds: values }: { readonly seconds: readonly number[] }): string =>
    values.length === 0 ? 'failed' : summaryOf(values).median.toFixed(2)
  return markdownTable(
    ['measure', ...Object.keys(data_sets)],
    namesIn(data_sets, ({ measures }) => measures).flatMap((name) => [
      [
        name,
        ...Object.values(data_sets).map(({ measures: { [name]: measure } }) =>
          measure === undefined ? '' : median(measure),
        ),
      ],
      ...namesIn(data_sets, ({ measures }) => measures[name]?.stages ?? {}).map((stage) => [
        `– ${stage}`,
        ...Object.values(data_sets).map(({ measures }) => {
          const values = measures[name]?.stages[stage]
          return values === undefined ? '' : median({ seconds: values })
        }),
      ]),
    ]),
  )
}

const units = ({ data_sets }: BenchResult): string =>
  markdownTable(
    ['job', 'data set', 'table calls', 'read units', 'write units', 'S3 reads', 'S3 writes', '$'],
    Object.entries(data_sets).flatMap(([set, { counted, size }]) =>
      Object.entries(counted).map(([job, { stages, least, cost_per_million: cost }]) => {
        const total = sumOfCalls(Object.values(stages))
        const against = (value: number, possible: number): string =>
          `${((value * 1000) / size.resources).toFixed(0)}${
            possible === 0 ? '' : ` (${(100 * (value / possible - 1)).toFixed(0)} %)`
          }`
        return [
          job,
          set,
          against(callsOf(total, 'table'), least.table_calls),
          against(total.read_units['resources'] ?? 0, least.read_units),
          against(total.write_units['resources'] ?? 0, least.write_units),
          against(callsOf(total, 'object-read'), least.blob_reads),
          against(callsOf(total, 'object-write'), least.blob_writes),
          (cost.dynamodb + cost.s3 + cost.lambda).toFixed(2),
        ]
      }),
    ),
  )

const memory = ({ data_sets }: BenchResult): string => {
  const jobs = namesIn(data_sets, ({ counted }) => counted)
  const stagesOf = (job: string): string[] => namesIn(data_sets, ({ counted }) => counted[job]?.workers ?? {})
  const peak = (job: CountedJob | undefined, stage: string): string => {
    const worker = job?.workers[stage]
    return worker === undefined ? '' : (worker.peak_bytes / MIB).toFixed(0)
  }
  return markdownTable(
    ['worker', ...Object.keys(data_sets)],
    jobs.flatMap((job) =>
      stagesOf(job).map((stage) => [
        `${job}: ${stage}`,
        ...Object.values(data_sets).map(({ counted }) => peak(counted[job], stage)),
      ]),
    ),
  )
}

const peers = ({ peers: all }: BenchResult): string =>
  Object.values(all)
    .flatMap(({ package: name, losses, error }) => [
      `- ${name}: ${error ?? (losses.length === 0 ? 'no losses were found' : '')}`.trimEnd(),
      ...losses.map((loss) => `  - ${loss.replace(/(?<=from |to )(\S.*?)(?= to |$)/g, '`$1`')}`),
    ])
    .join('\n')

/** Returns the names that occur in any data set, in the order of their first occurrence. */
const namesIn = (
  dataSets: Readonly<Record<string, DataSetResult>>,
  membersOf: (set: DataSetResult) => Readonly<Record<string, unknown>>,
): string[] => [...new Set(Object.values(dataSets).flatMap((set) => Object.keys(membersOf(set))))]
