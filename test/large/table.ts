import Table from 'cli-table3'
import type { RoundTrip } from './round-trip.ts'

const MIB = 1024 * 1024
const MEGABYTE = 1_000_000

/** Formats one row per step: the size of the store, the speed and the peak memory of each process. */
export const roundTripTable = (trips: readonly RoundTrip[]): string => {
  const processes = [...new Set(trips.flatMap(({ steps }) => steps.flatMap(({ memory }) => memory.map(nameOf))))]
  const head = ['step', 'resources', 'store MB', 'seconds', 'MB/s', ...processes.map((name) => `${name} MiB`)]
  const table = new Table({
    head,
    colAligns: head.map((_, k) => (k === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
  for (const { size, before, steps } of trips) {
    const megabytes = (before.itemBytes + before.blobBytes) / MEGABYTE
    for (const { name, seconds, memory } of steps)
      table.push([
        name,
        size.resources.toLocaleString('en'),
        megabytes.toFixed(0),
        seconds.toFixed(1),
        (megabytes / seconds).toFixed(1),
        ...processes.map((process) => peakText(memory.find((one) => one.name === process)?.peak)),
      ])
  }
  return table.toString()
}

const nameOf = ({ name }: { readonly name: string }): string => name

const peakText = (peak: number | undefined): string => (peak === undefined ? '' : (peak / MIB).toFixed(0))
