import { SIZES } from '../../../functions/function-spec.ts'
import { PRICE } from '../../simulate/assumptions.ts'
import { sum } from '../content/stored-sizes.ts'
import { type StageCalls, sumOfCalls } from '../ours/call-counter.ts'
import type { CountedJob } from './result.ts'

const MILLION = 1_000_000

/** S3 charges these operations as reads, and deletions not at all. It charges all others as writes. */
const READS = ['GetObject', 'HeadObject', 'GetObjectAttributes']
const FREE = ['DeleteObject', 'DeleteObjects', 'AbortMultipartUpload']
const TABLE_OPERATIONS = /Item$|^(Query|Scan|DescribeTable)$/

export type CallClass = 'table' | 'object-read' | 'object-write' | 'free'

export const classOf = (operation: string): CallClass => {
  if (TABLE_OPERATIONS.test(operation)) return 'table'
  if (FREE.includes(operation)) return 'free'
  return READS.includes(operation) ? 'object-read' : 'object-write'
}

/** Counts the calls of one class. */
export const callsOf = ({ calls }: Pick<StageCalls, 'calls'>, wanted: CallClass): number =>
  sum(Object.entries(calls).flatMap(([operation, count]) => (classOf(operation) === wanted ? [count] : [])))

/** Returns the cost of a million resources in dollars, from the calls of a job with `resources` resources. */
export const costPerMillion = (
  { stages, workers }: Pick<CountedJob, 'stages' | 'workers'>,
  resources: number,
): CountedJob['cost_per_million'] => {
  const total = sumOfCalls(Object.values(stages))
  const units = (byTable: Readonly<Record<string, number>>): number => sum(Object.values(byTable))
  const cpuSeconds = sum(Object.values(workers).map(({ cpu_seconds }) => cpu_seconds))
  const gibibytes = SIZES.worker.memory / 1024
  const perResource = MILLION / resources
  return {
    dynamodb: perResource * (units(total.read_units) * PRICE.readUnit + units(total.write_units) * PRICE.writeUnit),
    s3: perResource * (callsOf(total, 'object-read') * PRICE.s3Read + callsOf(total, 'object-write') * PRICE.s3Write),
    lambda: perResource * cpuSeconds * gibibytes * PRICE.gibSecond,
  }
}
