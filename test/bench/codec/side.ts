import { readFileSync } from 'node:fs'
import process from 'node:process'
import * as z from 'zod'
import { documents } from './items.ts'
import * as ours from './ours.ts'
import * as plain from './plain.ts'

/**
 * Runs one part of the codec benchmark in a separate process. Prints the seconds and the memory that the work needed.
 */
const [side, path, count] = z
  .tuple([z.enum(['ours-write', 'ours-read', 'plain-write', 'plain-read', 'files']), z.string(), z.coerce.number()])
  .parse(process.argv.slice(2))

const isWrite = side.endsWith('write') || side === 'files'
const resources = isWrite ? await documents(count) : []
const before = process.memoryUsage().rss
const start = performance.now()
if (side === 'ours-write') await ours.write(resources, path)
else if (side === 'plain-write') await plain.write(resources, path)
else if (side === 'files') await plain.writeFiles(resources, path)
else if (side === 'ours-read') await ours.read(path)
else await plain.read(path)
const seconds = (performance.now() - start) / 1000
// VmHWM is in KiB. Systems without /proc report the current memory instead of the peak.
const peak = Number(/^VmHWM:\s*(\d+)/m.exec(statusText())?.[1] ?? process.memoryUsage().rss / 1024) * 1024
process.stdout.write(JSON.stringify({ seconds, memory: Math.max(0, peak - before) }))

function statusText(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8')
  } catch {
    return ''
  }
}
