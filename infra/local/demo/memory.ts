import { readdir, readFile } from 'node:fs/promises'

export interface ProcessMemory {
  /** `program`, `dynamodb` or `s3`. For another process, the name of the file that it runs. */
  readonly name: string
  /** The largest resident set size (RSS) since the start of the process, in bytes. */
  readonly peak: number
}

/** Returns the peak memory of a process and of its descendants. On systems other than Linux, the list is empty. */
export const peakMemory = async (pid: number): Promise<ProcessMemory[]> => {
  const all = await allProcesses()
  const descendants = (parent: number): ProcessStatus[] =>
    all.filter(({ ppid }) => ppid === parent).flatMap((child) => [child, ...descendants(child.pid)])
  const own = all.filter((one) => one.pid === pid)
  return [...own, ...descendants(pid)].map(({ name, peak }) => ({ name, peak }))
}

interface ProcessStatus extends ProcessMemory {
  readonly pid: number
  readonly ppid: number
}

const allProcesses = async (): Promise<ProcessStatus[]> => {
  const names = await readdir('/proc').catch(() => [])
  const found = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => readStatus(Number(name))))
  return found.filter((one) => one !== undefined)
}

/** Reads the status of a process. Returns undefined if the process has exited or if its files cannot be read. */
const readStatus = async (pid: number): Promise<ProcessStatus | undefined> => {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const number = (field: string): number => Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    return { pid, ppid: number('PPid'), name: nameOf(command), peak: number('VmHWM') * 1024 }
  } catch {
    return undefined
  }
}

const nameOf = (command: string): string => {
  const file = command.split('\0').find((argument) => /\.[cm]?[jt]s$/.test(argument)) ?? 'node'
  if (file.endsWith('/main.ts')) return 'program'
  return /\/infra\/local\/(dynamodb|s3)\b/.exec(file)?.[1] ?? file.replace(/^.*\//, '')
}
