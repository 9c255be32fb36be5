import { readdir, readFile } from 'node:fs/promises'

export interface ProcessMemory {
  readonly name: string
  /** The most memory that it ever held, in bytes. */
  readonly peak: number
}

/**
 * Peak memory of a process and of all below it, from Linux's `/proc`: this process itself is not among them. Empty where
 * there is no `/proc`.
 */
export const peakMemory = async (pid: number): Promise<ProcessMemory[]> => {
  const all = await processes()
  const below = (parent: number): Process[] =>
    all.filter(({ ppid }) => ppid === parent).flatMap((child) => [child, ...below(child.pid)])
  const own = all.filter((one) => one.pid === pid)
  return [...own, ...below(pid)].map(({ name, peak }) => ({ name, peak }))
}

interface Process {
  readonly pid: number
  readonly ppid: number
  readonly name: string
  readonly peak: number
}

const processes = async (): Promise<Process[]> => {
  const names = await readdir('/proc').catch(() => [])
  const found = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => processOf(Number(name))))
  return found.filter((one) => one !== undefined)
}

/** Undefined where the process has ended meanwhile, or is not ours to read. */
const processOf = async (pid: number): Promise<Process | undefined> => {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const number = (field: string): number => Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    return { pid, ppid: number('PPid'), name: entryOf(command), peak: number('VmHWM') * 1024 }
  } catch {
    return undefined
  }
}

/** The file that a Node process runs, without folder and ending. */
const entryOf = (command: string): string => {
  const file = command.split('\0').find((part) => /\.[cm]?[jt]s$/.test(part))
  return file === undefined ? 'node' : file.replace(/^.*\//, '').replace(/\.[cm]?[jt]s$/, '')
}
