import Table from 'cli-table3'
import type { StageUsage } from './job-recorder.ts'

/** The share of the offered units that was used while requests were refused. */
export const shareOf = ({ throttled: { used, offered } }: StageUsage): number => used / offered

/** Formats one row for each table, partition and prefix that refused requests while a stage ran. */
export const usageTable = (usage: readonly StageUsage[]): string => {
  const head = ['stage', 'limit', 'units/s', 'seconds', 'offered', 'used', '%', 'requests refused']
  const table = new Table({
    head,
    colAligns: head.map((_, k) => (k < 2 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
  for (const row of usage)
    if (row.throttled.seconds > 0) {
      const { seconds, offered, used } = row.throttled
      const share = (100 * shareOf(row)).toFixed(0)
      const name = row.name.replace(/-[0-9a-f]{8}\b/g, '').replace('specstar-', '')
      table.push([
        row.stage,
        name,
        row.unitsPerSecond.toFixed(0),
        seconds.toFixed(1),
        offered.toFixed(0),
        used.toFixed(0),
        share,
        row.refused,
      ])
    }
  return table.toString()
}
