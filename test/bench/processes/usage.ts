import { readFile, writeFile } from 'node:fs/promises'
import * as z from 'zod'

/** What a process has used during a measurement. */
export const ProcessUsage = z.object({
  /** User and system time. */
  cpu_seconds: z.number(),
  /** The largest resident set size (RSS). */
  peak_bytes: z.number(),
})
export type ProcessUsage = z.output<typeof ProcessUsage>

/** Linux reports CPU time in hundredths of a second, whatever the clock of its kernel is. */
const TICKS_PER_SECOND = 100

/**
 * Begins to measure processes. The returned function ends the measurement. On systems without `/proc`, and for
 * processes that have exited, there are no results.
 */
export const measureProcesses = async (
  pids: Readonly<Record<string, number>>,
): Promise<() => Promise<Record<string, ProcessUsage>>> => {
  const before = new Map<string, number>()
  for (const [name, pid] of Object.entries(pids)) {
    await resetPeak(pid)
    const cpu = await cpuSeconds(pid)
    if (cpu !== undefined) before.set(name, cpu)
  }
  return async () => {
    const used: Record<string, ProcessUsage> = {}
    for (const [name, began] of before) {
      const pid = pids[name] ?? 0
      const [cpu, peak] = [await cpuSeconds(pid), await peakBytes(pid)]
      if (cpu !== undefined && peak !== undefined) used[name] = { cpu_seconds: cpu - began, peak_bytes: peak }
    }
    return used
  }
}

/** Sets the peak to the present size. Writing 5 to this file does that; see proc(5). */
const resetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined)

const peakBytes = async (pid: number): Promise<number | undefined> => {
  const kibibytes = /^VmHWM:\s*(\d+)/m.exec(await read(`/proc/${pid}/status`))?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

const cpuSeconds = async (pid: number): Promise<number | undefined> => parseCpuSeconds(await read(`/proc/${pid}/stat`))

/**
 * Returns the CPU time in the text of `/proc/{pid}/stat`. The second field is the name of the program in parentheses,
 * which can contain spaces. The fields 14 and 15 are the user and the system time.
 */
export const parseCpuSeconds = (stat: string): number | undefined => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isNaN(ticks) ? undefined : ticks / TICKS_PER_SECOND
}

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
