import { ClassicLevel } from 'classic-level'

type Open = (options?: { maxOpenFiles?: number }) => Promise<void>
type Keys = ClassicLevel['keys']
type Values = ClassicLevel['values']

/**
 * The number of files that LevelDB keeps open: its minimum of 64 table files, and 10 other files. LevelDB maps each
 * open table file (2 MB) into memory. With the default of 1,000 files, the memory of the process would appear much
 * larger.
 */
const MAX_OPEN_FILES = 64 + 10

/**
 * Changes LevelDB in this process: limits the number of open files, and lets dynalite close iterators. The patches
 * change the prototype of the database class, because dynalite opens its database itself, without options. Returns a
 * function that removes deleted entries from all open databases. Until then, LevelDB only marks entries as deleted, and
 * a query of a range reads all marks in it.
 */
export function patchLevelDb(): () => Promise<void> {
  const opened = new Set<ClassicLevel>()
  limitOpenFiles(opened)
  closeIteratorsOnReturn()
  return async () => {
    for (const database of opened) if (database.status === 'open') await database.compactRange('', LAST_KEY)
  }
}

/** No key of dynalite is greater: its keys are text in ASCII. */
const LAST_KEY = '\u{10ffff}'

function limitOpenFiles(opened: Set<ClassicLevel>): void {
  const prototype: { open: Open } = ClassicLevel.prototype
  const { open } = prototype
  prototype.open = function (this: ClassicLevel, options) {
    opened.add(this)
    return Reflect.apply(open, this, [{ maxOpenFiles: MAX_OPEN_FILES, ...options }])
  }
}

/**
 * Adds the method `return` to iterators. dynalite calls it to end a scan, a query or a list of keys, but the iterators
 * of LevelDB do not have it. Without this patch, iterators and their snapshots would stay open: memory would grow with
 * each write, and deleted entries could not be removed.
 */
function closeIteratorsOnReturn(): void {
  const prototype: {
    keys: (...options: Parameters<Keys>) => ReturnType<Keys>
    values: (...options: Parameters<Values>) => ReturnType<Values>
  } = ClassicLevel.prototype
  const { keys, values } = prototype
  prototype.keys = function (this: ClassicLevel, ...options) {
    return closedOnReturn(Reflect.apply(keys, this, options))
  }
  prototype.values = function (this: ClassicLevel, ...options) {
    return closedOnReturn(Reflect.apply(values, this, options))
  }
}

const closedOnReturn = <Iterator extends { close(): Promise<void> }>(iterator: Iterator): Iterator =>
  Object.assign(iterator, { return: () => iterator.close() })
